package selectors

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The rule: every name that a flow uses exists in every version of the sheets of its app. A name
// may be absent only where the flow asks for it first with Has, or where its whole family (what
// stands before the first dot) is absent: that console has nothing of the kind, as one without a
// screen for codes.

// uses are the names in a folder of flows.
type uses struct {
	names   map[string]string // name -> where it is used first
	guarded map[string]bool   // asked for with Has
	surface map[string]bool   // used through Name, so that a surface's prefix goes before it
	columns map[string]string // keys of a row's values -> where
}

// where names stand among the arguments of the verbs: 0 the first, -1 any of them.
var spots = map[string]int{
	"Go": 0, "At": 0, "Enter": 0, "Missing": 0, // pages
	"Listen": 0, "Read": 0, "Rows": 0, "In": 0, // tables
	"Click": 0, "Press": 0, "Tick": 0, "Fill": 0, "See": 0, "Text": 0, "Peek": 0, "Gone": 0, "Shows": 0, "Has": 0,
	"Value": 0, "Link": 0, "Choose": 0, "Try": 0, "Name": 0, "shows": 0, "said": 0, // elements
	"Which": -1, "Submit": -1,
}

var dotted = regexp.MustCompile(`^[a-z]+(\.[a-z]+)+$`)

func literal(e ast.Expr) string {
	if l, ok := e.(*ast.BasicLit); ok && l.Kind == token.STRING {
		if s, err := strconv.Unquote(l.Value); err == nil {
			return s
		}
	}
	return ""
}

func callee(c *ast.CallExpr) string {
	switch f := c.Fun.(type) {
	case *ast.SelectorExpr:
		return f.Sel.Name
	case *ast.Ident:
		return f.Name
	}
	return ""
}

// scan reads the names out of Go files.
func scan(t *testing.T, patterns ...string) *uses {
	t.Helper()
	u := &uses{names: map[string]string{}, guarded: map[string]bool{}, surface: map[string]bool{}, columns: map[string]string{}}
	fset := token.NewFileSet()
	var funcs []*ast.FuncDecl
	for _, pattern := range patterns {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("no files %s: %v", pattern, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			tree, err := parser.ParseFile(fset, file, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range tree.Decls {
				if f, ok := d.(*ast.FuncDecl); ok && f.Body != nil {
					funcs = append(funcs, f)
				}
			}
		}
	}
	for _, f := range funcs {
		ast.Inspect(f, func(n ast.Node) bool {
			u.node(fset, n)
			return true
		})
	}
	for _, f := range funcs {
		u.guards(f, funcs)
	}
	return u
}

// node takes down the names of one node: every literal with dots, and at a verb's place any.
func (u *uses) node(fset *token.FileSet, n ast.Node) {
	add := func(into map[string]string, s string, at token.Pos) {
		if s != "" && into[s] == "" {
			into[s] = fset.Position(at).String()
		}
	}
	switch n := n.(type) {
	case *ast.BasicLit:
		if s := literal(n); dotted.MatchString(s) {
			add(u.names, s, n.Pos())
		}
	case *ast.CallExpr:
		at, ok := spots[callee(n)]
		for i, a := range n.Args {
			if s := literal(a); ok && (at < 0 || at == i) {
				add(u.names, s, a.Pos())
				u.surface[s] = u.surface[s] || (s != "" && callee(n) == "Name")
			}
		}
	case *ast.KeyValueExpr:
		if k, ok := n.Key.(*ast.Ident); ok && k.Name == "Element" {
			add(u.names, literal(n.Value), n.Pos())
		}
	case *ast.IndexExpr:
		if x, ok := n.X.(*ast.SelectorExpr); ok && x.Sel.Name == "Values" {
			add(u.columns, literal(n.Index), n.Pos())
		}
	}
}

// guards takes down what is asked for with Has: a literal, Name of a literal, a variable that holds
// one, a parameter that is given one, or a field of a table of them.
func (u *uses) guards(f *ast.FuncDecl, funcs []*ast.FuncDecl) {
	var asked func(e ast.Expr)
	asked = func(e ast.Expr) {
		switch e := e.(type) {
		case *ast.BasicLit:
			u.guarded[literal(e)] = true
		case *ast.CallExpr:
			if callee(e) == "Name" {
				asked(e.Args[0])
			}
		case *ast.Ident:
			ast.Inspect(f, func(n ast.Node) bool {
				if a, ok := n.(*ast.AssignStmt); ok && len(a.Lhs) == 1 && len(a.Rhs) == 1 {
					if id, ok := a.Lhs[0].(*ast.Ident); ok && id.Name == e.Name {
						asked(a.Rhs[0])
					}
				}
				return true
			})
			for _, arg := range given(f, e.Name, funcs) {
				if literal(arg) != "" {
					asked(arg)
				}
			}
		case *ast.SelectorExpr:
			ast.Inspect(f, func(n ast.Node) bool {
				if l, ok := n.(*ast.CompositeLit); ok && l.Type == nil && len(l.Elts) > 0 && dotted.MatchString(literal(l.Elts[0])) {
					asked(l.Elts[0])
				}
				return true
			})
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if c, ok := n.(*ast.CallExpr); ok && callee(c) == "Has" && len(c.Args) == 1 {
			asked(c.Args[0])
		}
		return true
	})
}

// given returns what callers pass for a parameter of f.
func given(f *ast.FuncDecl, param string, funcs []*ast.FuncDecl) []ast.Expr {
	at, i := -1, 0
	for _, field := range f.Type.Params.List {
		for _, n := range field.Names {
			if n.Name == param {
				at = i
			}
			i++
		}
	}
	var out []ast.Expr
	for _, caller := range funcs {
		ast.Inspect(caller, func(n ast.Node) bool {
			if c, ok := n.(*ast.CallExpr); ok && at >= 0 && callee(c) == f.Name.Name && at < len(c.Args) {
				out = append(out, c.Args[at])
			}
			return true
		})
	}
	return out
}

// lacks says which of the names the sheet lacks against the rule, for a surface's prefix.
func (u *uses) lacks(s *Sheet, prefix string) []string {
	var out []string
	for name, where := range u.names {
		full := name
		if u.surface[name] {
			full = prefix + name
		}
		if s.knows(full) || u.guarded[name] {
			continue
		}
		family, _, _ := strings.Cut(full, ".")
		if !s.family(family) {
			continue
		}
		out = append(out, fmt.Sprintf("%s (%s)", full, where))
	}
	slices.Sort(out)
	return out
}

func (s *Sheet) knows(name string) bool {
	_, element := s.Elements[name]
	_, page := s.Pages[name]
	_, table := s.Tables[name]
	return element || page || table
}

// needed are the families without which a console is none of this shape.
var needed = []string{"signin", "shell", "users", "invite", "confirm", "toast", "challenge", "maintenance", "home"}

func (s *Sheet) family(name string) bool {
	if slices.Contains(needed, name) || s.knows(name) {
		return true
	}
	for n := range s.Elements {
		if strings.HasPrefix(n, name+".") {
			return true
		}
	}
	return false
}

// of is where an app's names are used, besides what all share, and the prefixes of its surfaces.
var of = map[string]struct {
	files    string
	surfaces []string
	own      string // the table whose columns its own files read
}{
	"thoropass": {"../flows/thoropass/*.go", []string{"", "account."}, "work"},
	"stonly":    {"../flows/stonly/*.go", []string{""}, ""},
}

const (
	shared  = "../flows/internal/console/*.go"
	trouble = "../flows/internal/browser/trouble.go"
)

func TestEveryNameThatAFlowUsesExistsInEveryVersion(t *testing.T) {
	t.Parallel()
	common := scan(t, shared, trouble)
	for _, app := range apps(t) {
		where, ok := of[app]
		if !ok {
			t.Errorf("say in this test where the flow of %s is", app)
			continue
		}
		own := scan(t, where.files)
		for _, sh := range load(t, app, "").Sheets {
			for _, prefix := range where.surfaces {
				for _, n := range slices.Concat(common.lacks(sh, prefix), own.lacks(sh, prefix)) {
					t.Errorf("%s has no name %s", sh.ID(), n)
				}
				for column, at := range common.columns {
					c, known := sh.Tables[prefix+"users"].Columns[column]
					if !known || (c.Optional && column != "last_seen") {
						t.Errorf("%s: table %susers lacks column %s, or only may have it (%s)", sh.ID(), prefix, column, at)
					}
				}
			}
			for column, at := range own.columns {
				if _, known := sh.Tables[where.own].Columns[column]; !known {
					t.Errorf("%s: table %q has no column %s (%s)", sh.ID(), where.own, column, at)
				}
			}
		}
	}
}

// The scan itself: what it must find, and that a name taken out of a sheet is missed.
func TestTheScanOfFlowsMissesWhatASheetLacks(t *testing.T) {
	t.Parallel()
	common, own := scan(t, shared, trouble), scan(t, of["thoropass"].files)
	for _, n := range []string{"shell.home", "signin.user", "code.input", "invite.dialog", "invite.first", "confirm.refused", "users.search", "toast", "challenge", "home"} {
		if common.names[n] == "" {
			t.Errorf("the scan does not see %s", n)
		}
	}
	for _, n := range []string{"row.name", "panel", "panel.deactivate", "confirm.yes", "work"} {
		if own.names[n] == "" {
			t.Errorf("the scan does not see %s", n)
		}
	}
	for _, n := range []string{"users.all", "users.filters.close", "users.search", "shell.me", "invite.first", "invite.last", "confirm.refused", "invite.refused"} {
		if !common.guarded[n] {
			t.Errorf("the scan does not see that %s is asked for first", n)
		}
	}
	for _, n := range []string{"users.add", "invite.send", "invite.dialog", "signin.refused", "shell.home", "toast"} {
		if common.guarded[n] {
			t.Errorf("%s passes for asked for first", n)
		}
	}
	sh := load(t, "thoropass", "").Sheets[0]
	for name, u := range map[string]*uses{"invite.send": common, "code.submit": common, "account.users.add": common, "panel.deactivate": own} {
		less := sh.With(name, Element{})
		delete(less.Elements, name)
		prefix := ""
		if strings.HasPrefix(name, "account.") {
			prefix = "account."
		}
		if got := u.lacks(less, prefix); len(got) != 1 || !strings.HasPrefix(got[0], name+" ") {
			t.Errorf("without %s the test says %v", name, got)
		}
	}
	for _, n := range []string{"email", "name", "role", "status", "last_seen"} {
		if common.columns[n] == "" {
			t.Errorf("the scan does not see the column %s", n)
		}
	}
}
