package main

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/secrets"
)

// source is the text of a configuration, for errors that point at their line.
type source struct {
	path string
	text string
	file *ast.File
}

// parse reads the text as YAML, one document of it.
func (s *source) parse() error {
	f, err := parser.ParseBytes([]byte(s.text), 0)
	if err != nil {
		return s.wrap(err)
	}
	s.file = f
	if len(f.Docs) > 1 {
		return flows.Errorf(flows.Invalid, opConfig, "%s: a configuration is one YAML document, and this has %d", s.path, len(f.Docs))
	}
	if len(f.Docs) == 1 && f.Docs[0].Body != nil {
		switch f.Docs[0].Body.(type) {
		case *ast.MappingNode, *ast.MappingValueNode, *ast.CommentGroupNode, *ast.NullNode:
		default:
			return s.at(f.Docs[0].Body.GetToken(), "a configuration is a mapping of keys, not %s",
				strings.ToLower(f.Docs[0].Body.Type().String()))
		}
	}
	return nil
}

// wrap makes an error of the YAML library one of ours, with its place.
func (s *source) wrap(err error) error {
	type placed interface {
		GetToken() *token.Token
		GetMessage() string
	}
	var p placed
	if errors.As(err, &p) {
		return s.at(p.GetToken(), "%s", p.GetMessage())
	}
	// What carries no place may quote the source: its first line says enough.
	first, _, _ := strings.Cut(err.Error(), "\n")
	return flows.Errorf(flows.Invalid, opConfig, "%s: %s", s.path, first)
}

// at returns an error that points at the token.
func (s *source) at(t *token.Token, format string, args ...any) *flows.Error {
	msg := fmt.Sprintf(format, args...)
	if t == nil || t.Position == nil {
		return flows.Errorf(flows.Invalid, opConfig, "%s: %s", s.path, msg)
	}
	line, col := t.Position.Line, t.Position.Column
	return flows.Errorf(flows.Invalid, opConfig, "%s:%d:%d: %s\n%s", s.path, line, col, msg, s.excerpt(line))
}

// key returns an error that points at the key under the path ("connections", "okta", "url"), or at the
// nearest of its parents that is there.
func (s *source) key(path []string, format string, args ...any) *flows.Error {
	return s.at(s.find(path), format, args...)
}

func (s *source) find(path []string) *token.Token {
	if s.file == nil || len(s.file.Docs) == 0 {
		return nil
	}
	var best *token.Token
	node := s.file.Docs[0].Body
	for _, name := range path {
		i := slices.IndexFunc(pairs(node), func(v *ast.MappingValueNode) bool { return keyOf(v) == name })
		if i < 0 {
			break
		}
		v := pairs(node)[i]
		best, node = v.Key.GetToken(), v.Value
	}
	return best
}

// keys returns the keys of a mapping at the top, in the order of the file.
func (s *source) keys(name string) []string {
	var out []string
	if s.file == nil || len(s.file.Docs) == 0 {
		return nil
	}
	for _, v := range pairs(s.file.Docs[0].Body) {
		if keyOf(v) != name {
			continue
		}
		for _, w := range pairs(v.Value) {
			out = append(out, keyOf(w))
		}
	}
	return out
}

func pairs(n ast.Node) []*ast.MappingValueNode {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}
	case *ast.AnchorNode:
		return pairs(n.Value)
	}
	return nil
}

func keyOf(v *ast.MappingValueNode) string {
	var name string
	if err := yaml.NodeToValue(v.Key, &name); err != nil {
		return v.Key.String()
	}
	return name
}

// excerpt shows the line with one more on each side. A configuration should hold no secret, but the
// one that is in error may: only the values of keys that never hold one are shown, and references.
func (s *source) excerpt(line int) string {
	lines := strings.Split(s.text, "\n")
	var b strings.Builder
	for n := line - 1; n <= line+1; n++ {
		if n < 1 || n > len(lines) || (n != line && strings.TrimSpace(lines[n-1]) == "") {
			continue
		}
		mark := " "
		if n == line {
			mark = ">"
		}
		fmt.Fprintf(&b, "  %s %3d | %s\n", mark, n, harmless(lines[n-1]))
	}
	return strings.TrimRight(b.String(), "\n")
}

const hidden = "[not shown]"

var keyLine = regexp.MustCompile(`^(\s*(?:- )?["']?[A-Za-z0-9_.@ -]{1,80}["']?\s*:)(?:\s+(.*))?$`)

// open are the keys whose values are no secrets.
var open = map[string]bool{
	"database": true, "secrets": true, "selectors": true, "zone": true, "bin": true, "remote": true,
	"sandbox": true, "download": true, "per_run": true, "per_day": true, "percent": true, "level": true,
	"app": true, "via": true, "url": true, "sign_in": true, "workspace": true, "users_page": true,
	"sso": true, "acts": true, "holdings": true, "protected": true, "schedule": true,
	"kind": true, "only": true, "page_only": true,
}

// bareAddress is an address that can hold no token: those of chat services are their password.
var bareAddress = regexp.MustCompile(`^["']?https?://[A-Za-z0-9.:\[\]-]+/?["']?\s*(#.*)?$`)

// harmless returns a line of a configuration with what may be a secret left out.
func harmless(line string) string {
	line = plain(strings.TrimRight(line, " \t\r"))
	trimmed := strings.TrimSpace(line)
	if trimmed == "" || strings.HasPrefix(trimmed, "#") {
		return line
	}
	m := keyLine.FindStringSubmatch(line)
	if m == nil {
		return line[:len(line)-len(strings.TrimLeft(line, " "))] + hidden
	}
	head, value := m[1], m[2]
	name := strings.Trim(strings.TrimPrefix(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(head), ":")), "- "), `"' `)
	if value == "" || open[name] && !strings.ContainsAny(value, "{}") && (name != "url" || bareAddress.MatchString(value)) {
		return line
	}
	ref, _, _ := strings.Cut(value, " #")
	if secrets.NewResolver().Check(strings.Trim(ref, `"' `)) == nil {
		return line
	}
	return head + " " + hidden
}
