package sandbox

import (
	"maps"
	"reflect"
	"slices"
	"strings"
)

// A tree is a SCIM resource as JSON has it. Names of attributes are compared without case, and kept
// as they were first given. A tree that is shared is never changed: edits work on a copy.
type tree = map[string]any

// The schemas that a service knows.
const (
	coreUser   = "urn:ietf:params:scim:schemas:core:2.0:User"
	coreGroup  = "urn:ietf:params:scim:schemas:core:2.0:Group"
	enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

	messageError = "urn:ietf:params:scim:api:messages:2.0:Error"
	messageList  = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	messagePatch = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
)

// keyOf returns the name under which the tree holds an attribute, or the name as it was asked for.
func keyOf(t tree, name string) string {
	if _, ok := t[name]; ok {
		return name
	}
	for k := range t {
		if strings.EqualFold(k, name) {
			return k
		}
	}
	return name
}

// get returns the value of an attribute; nil: there is none.
func get(t tree, name string) any { return t[keyOf(t, name)] }

// words returns an attribute that is text, or "".
func words(t tree, name string) string {
	s, _ := get(t, name).(string)
	return s
}

// branch returns an attribute that is an object, or an empty one.
func branch(t tree, name string) tree {
	b, _ := get(t, name).(tree)
	return b
}

// items returns an attribute's values: of one that has several, each; of any other, itself.
func items(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{v}
}

// copied returns a copy of a value that can be changed.
func copied(v any) any {
	switch v := v.(type) {
	case tree:
		out := make(tree, len(v))
		for k, one := range v {
			out[k] = copied(one)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, one := range v {
			out[i] = copied(one)
		}
		return out
	}
	return v
}

func copyTree(t tree) tree {
	out := make(tree, len(t))
	for k, v := range t {
		out[k] = copied(v)
	}
	return out
}

// changedNames lists the attributes in which two trees differ; those of an extension by their own names.
func changedNames(a, b tree) []string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(a)) {
		if !reflect.DeepEqual(a[k], get(b, k)) {
			out = append(out, inside(k, branch(a, k), branch(b, k))...)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(b)) {
		if get(a, k) == nil && b[k] != nil {
			out = append(out, inside(k, nil, branch(b, k))...)
		}
	}
	return out
}

func inside(name string, a, b tree) []string {
	if !strings.HasPrefix(strings.ToLower(name), "urn:") {
		return []string{name}
	}
	if names := changedNames(a, b); len(names) > 0 {
		return names
	}
	return []string{name}
}

// project leaves out what was not asked for; "id" and "schemas" always stay.
func project(t tree, only, without []string) tree {
	has := func(names []string, k string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(strings.TrimSpace(n), k) })
	}
	return maps.Collect(func(yield func(string, any) bool) {
		for k, v := range t {
			kept := k == "id" || k == "schemas" || !has(without, k) && (len(only) == 0 || has(only, k))
			if kept && !yield(k, v) {
				return
			}
		}
	})
}
