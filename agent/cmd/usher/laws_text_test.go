package main_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The laws about what stands in a file.

func names(h house) (broken []string) {
	drawers := []string{"util", "utils", "common", "helper", "helpers", "type", "types", "model", "models", "base", "manager", "misc", "shared"}
	for _, p := range h.packages {
		if slices.Contains(drawers, p.Name) || slices.Contains(drawers, path.Base(p.path())) {
			broken = append(broken, fmt.Sprintf("%s (package %s) is a drawer", p.path(), p.Name))
		}
	}
	return broken
}

func comments(h house) (broken []string) {
	for _, p := range h.packages {
		if len(p.GoFiles) > 0 && strings.TrimSpace(p.Doc) == "" {
			broken = append(broken, p.path()+" has no package comment")
		}
	}
	return broken
}

// goFiles calls f for each Go file of ours that is no test, parsed.
func (h house) goFiles(f func(name string, file *ast.File, line func(ast.Node) string)) (broken []string) {
	for name, text := range h.texts {
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, text, parser.SkipObjectResolution)
		if err != nil {
			broken = append(broken, fmt.Sprintf("%s cannot be read: %v", name, err))
			continue
		}
		f(name, file, func(n ast.Node) string { return fmt.Sprintf("%s:%d", name, set.Position(n.Pos()).Line) })
	}
	return broken
}

// imported returns the packages that the file imports, by the name by which it calls them.
func imported(file *ast.File) map[string]string {
	by := map[string]string{}
	for _, i := range file.Imports {
		from, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			continue // the parser has read it, so this cannot be
		}
		name := path.Base(from)
		if i.Name != nil {
			name = i.Name.Name
		}
		by[name] = from
	}
	return by
}

// uses calls f for each x.Name in the file; from is the package that x is, or empty.
func uses(file *ast.File, f func(from string, s *ast.SelectorExpr)) {
	by := imported(file)
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			from := ""
			if x, ok := s.X.(*ast.Ident); ok {
				from = by[x.Name]
			}
			f(from, s)
		}
		return true
	})
}

func sleeps(h house) (broken []string) {
	unread := h.goFiles(func(_ string, file *ast.File, line func(ast.Node) string) {
		uses(file, func(from string, s *ast.SelectorExpr) {
			if from == "time" && s.Sel.Name == "Sleep" {
				broken = append(broken, line(s)+" sleeps")
			}
		})
	})
	return append(broken, unread...)
}

func musts(h house) (broken []string) {
	must := regexp.MustCompile(`^Must[A-Z]`)
	isRod := func(from string) bool { return under(from, []string{"github.com/go-rod"}) }
	h.goFiles(func(_ string, file *ast.File, line func(ast.Node) string) {
		hasRod := false
		for _, from := range imported(file) {
			hasRod = hasRod || isRod(from)
		}
		uses(file, func(from string, s *ast.SelectorExpr) {
			if hasRod && (from == "" || isRod(from)) && must.MatchString(s.Sel.Name) {
				broken = append(broken, line(s)+" uses "+s.Sel.Name)
			}
		})
	})
	return broken
}

func inits(h house) (broken []string) {
	h.goFiles(func(_ string, file *ast.File, line func(ast.Node) string) {
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				broken = append(broken, line(f)+" is an init function")
			}
		}
	})
	return broken
}

// css is what a selector looks like. It is a guess, but a sharp one: no address, path, pattern or
// sentence of a flow has looked like this yet.
var css = regexp.MustCompile(`\[[a-z-]+[*^$~|]?=` + // [name=q]
	`|\[(data|aria)-` + // [data-cy]
	`|(^|[\s>+~,])#[A-Za-z_][\w-]*` + // #id
	`|\.[A-Za-z_][\w-]* *[>+~] ` + // .class > x
	`|> *[.#\[]` + // > .class
	`|:(nth-child|nth-of-type|first-child|last-child|not|has|is)\(?` + // tr:nth-child(2)
	`|(^|[\s>])(a|body|button|div|form|input|li|nav|p|section|select|span|table|tbody|td|th|tr|ul)[.#\[][A-Za-z]`) // div.row

func cssInFlows(h house) (broken []string) {
	app := regexp.MustCompile(`^flows/[a-z0-9]+/[^/]+\.go$`) // its sandbox is a console, and has what consoles have
	h.goFiles(func(name string, file *ast.File, line func(ast.Node) string) {
		if !app.MatchString(name) {
			return
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ImportSpec:
				return false
			case *ast.BasicLit:
				text, err := strconv.Unquote(n.Value)
				if n.Kind == token.STRING && err == nil && css.MatchString(text) {
					broken = append(broken, fmt.Sprintf("%s has %q", line(n), text))
				}
			}
			return true
		})
	})
	return broken
}

// The pattern is put together, so that this file keeps the law.
var machinePath = regexp.MustCompile(`(^|[\s"'=(,:` + "`" + `])/(` + strings.Join([]string{"work", "root", "home"}, "|") + `)/`)

func machinePaths(h house) (broken []string) {
	for name, text := range h.texts {
		if !machinePath.MatchString(text) {
			continue
		}
		for i, line := range strings.Split(text, "\n") {
			if at := machinePath.FindStringIndex(line); at != nil {
				end := min(at[1]+40, len(line)) // the line may be all of a built page
				broken = append(broken, fmt.Sprintf("%s:%d has %q", name, i+1, line[at[0]:end]))
			}
		}
	}
	return broken
}
