package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/usherhq/usher/flows"
)

// A field is one key of a connection, in the order in which it is written.
type field struct {
	key   string
	value string
	bare  bool    // a number or a truth, not text
	sub   []field // of secrets
}

// addConnection adds a connection to the configuration file and leaves every other byte of it as it
// is, comments too. What it would write is read and checked before, so that the file is either as it
// was or good.
func addConnection(path, name string, fields []field, apps []flows.App) (*config, error) {
	before, after, conf, err := withConnection(path, name, fields, apps)
	if err != nil {
		return nil, err
	}
	// Somebody who edits the file meanwhile must not lose what they wrote.
	now, err := os.ReadFile(path) //nolint:gosec // as above
	if err != nil || !bytes.Equal(now, before) {
		return nil, errors.Join(err, flows.Errorf(flows.Invalid, "add the connection", "%s was changed meanwhile", path).WithHint("run it again"))
	}
	if err := replace(path, after); err != nil {
		return nil, flows.Errorf(flows.Invalid, "add the connection", "%w", err)
	}
	return conf, nil
}

// withConnection returns the file as it is and as it would be, and the configuration that this would
// give. It writes nothing.
func withConnection(path, name string, fields []field, apps []flows.App) (before, after []byte, conf *config, err error) {
	before, err = os.ReadFile(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, nil, nil, flows.Errorf(flows.Invalid, opConfig, "%w", err)
	}
	if after, err = insertConnection(path, before, name, fields); err != nil {
		return nil, nil, nil, err
	}
	if conf, err = parseConfig(path, after, apps); err != nil {
		return nil, nil, nil, err
	}
	if !slices.Contains(conf.order, name) {
		return nil, nil, nil, flows.Errorf(flows.Internal, "add the connection", "%s was written, and not read back", name)
	}
	return before, after, conf, nil
}

// insertConnection returns the text with the connection in it.
func insertConnection(path string, text []byte, name string, fields []field) ([]byte, error) {
	src := &source{path: path, text: string(text)}
	if err := src.parse(); err != nil {
		return nil, err
	}
	lines := strings.SplitAfter(string(text), "\n")
	if n := len(lines); lines[n-1] == "" {
		lines = lines[:n-1]
	} else {
		lines[n-1] += "\n"
	}
	node := src.top("connections")
	if node == nil {
		return []byte(strings.Join(lines, "") + "\nconnections:\n" + connectionText(name, fields, 2)), nil
	}
	children := pairs(node.Value)
	switch {
	case len(children) > 0 && flowStyle(node.Value):
		return nil, src.at(node.Key.GetToken(), "connections stands in braces, and cannot be added to").
			WithHint("write one connection a line, indented below connections:")
	case len(children) > 0:
		col := children[0].Key.GetToken().Position.Column - 1
		if col < 1 {
			return nil, src.at(node.Key.GetToken(), "connections cannot be added to")
		}
		at := lastLine(lines, node.Key.GetToken().Position.Line)
		return []byte(strings.Join(slices.Insert(lines, at, connectionText(name, fields, col)), "")), nil
	}
	// The key is there without a value, or with {} or null: only its own line changes.
	at := node.Key.GetToken().Position.Line
	lines[at-1] = "connections:\n"
	return []byte(strings.Join(slices.Insert(lines, at, connectionText(name, fields, 2)), "")), nil
}

// top returns the key at the top of the configuration, or nil.
func (s *source) top(name string) *ast.MappingValueNode {
	if s.file == nil || len(s.file.Docs) == 0 {
		return nil
	}
	for _, v := range pairs(s.file.Docs[0].Body) {
		if keyOf(v) == name {
			return v
		}
	}
	return nil
}

func flowStyle(n ast.Node) bool {
	m, ok := n.(*ast.MappingNode)
	return ok && m.IsFlowStyle
}

// lastLine returns how many lines there are up to the end of the block that begins at a key in
// column 1: the block ends before the next line that is not indented and no comment.
func lastLine(lines []string, key int) int {
	last := key
	for i := key; i < len(lines); i++ {
		line := strings.TrimRight(lines[i], "\r\n")
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if line[0] != ' ' {
			break
		}
		last = i + 1
	}
	return last
}

// connectionText writes a connection as a block, indented as its neighbours.
func connectionText(name string, fields []field, indent int) string {
	const step = 2
	var b strings.Builder
	pad := strings.Repeat(" ", indent)
	fmt.Fprintf(&b, "%s%s:\n", pad, yamlText(name))
	for _, f := range fields {
		switch {
		case len(f.sub) > 0:
			fmt.Fprintf(&b, "%s%s%s:\n", pad, strings.Repeat(" ", step), f.key)
			for _, s := range f.sub {
				fmt.Fprintf(&b, "%s%s%s: %s\n", pad, strings.Repeat(" ", 2*step), s.key, yamlText(s.value))
			}
		case f.value != "" && f.bare:
			fmt.Fprintf(&b, "%s%s%s: %s\n", pad, strings.Repeat(" ", step), f.key, f.value)
		case f.value != "":
			fmt.Fprintf(&b, "%s%s%s: %s\n", pad, strings.Repeat(" ", step), f.key, yamlText(f.value))
		}
	}
	return b.String()
}
