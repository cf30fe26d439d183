package sandbox

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// mostValues is how many values one operation may carry.
const mostValues = 100

// A patchOp is one operation of a PATCH, as it was sent.
type patchOp struct {
	Op    string          `json:"op"`
	Path  string          `json:"path"`
	Value json.RawMessage `json:"value"`
}

func badPatch(scimType, format string, args ...any) *problem {
	return &problem{status: 400, scimType: scimType, Message: fmt.Sprintf(format, args...)}
}

// applyPatch changes a tree by the operations, all or none; extensions are the URNs that stand in it.
func applyPatch(t tree, ops []patchOp, extensions []string) (tree, *problem) {
	t = copyTree(t)
	for _, op := range ops {
		var v any
		if len(op.Value) > 0 {
			if err := json.Unmarshal(op.Value, &v); err != nil {
				return nil, badPatch("invalidSyntax", "a value is not JSON")
			}
		}
		op.Op = strings.ToLower(op.Op)
		if !slices.Contains([]string{"add", "replace", "remove"}, op.Op) {
			return nil, badPatch("invalidSyntax", "there is no operation %q", op.Op)
		}
		if n := len(items(v)); n > mostValues {
			return nil, badPatch("tooMany", "%d values in one operation, at most %d are taken", n, mostValues)
		}
		if bad := patchOne(t, op, v, extensions); bad != nil {
			return nil, bad
		}
	}
	return t, nil
}

func patchOne(t tree, op patchOp, v any, extensions []string) *problem {
	if op.Path != "" {
		return patchPath(t, op.Op, op.Path, v, extensions)
	}
	all, ok := v.(tree)
	if !ok || op.Op == "remove" {
		return badPatch("noTarget", "an operation without a path needs an object")
	}
	for k, one := range all {
		if b, isObject := one.(tree); isObject && strings.HasPrefix(strings.ToLower(k), "urn:") {
			for name, leaf := range b {
				if bad := patchPath(t, op.Op, k+":"+name, leaf, extensions); bad != nil {
					return bad
				}
			}
			continue
		}
		if bad := patchPath(t, op.Op, k, one, extensions); bad != nil {
			return bad
		}
	}
	return nil
}

// patchPath follows the path to the object that holds what is meant.
func patchPath(t tree, op, path string, v any, extensions []string) *problem {
	if urn, name, ok := splitURN(path, extensions); ok {
		if urn == "" {
			return patchPath(t, op, name, v, extensions)
		}
		key := keyOf(t, urn)
		if name == "" {
			return set(t, op, key, v)
		}
		inner, ok := t[key].(tree)
		if !ok {
			inner = tree{}
			t[key] = inner
			addSchema(t, urn)
		}
		return patchPath(inner, op, name, v, nil)
	}
	if strings.HasPrefix(strings.ToLower(path), "urn:") {
		return badPatch("invalidPath", "no schema is known at %s", path)
	}
	if open := strings.IndexByte(path, '['); open >= 0 {
		end := strings.LastIndexByte(path, ']')
		if end < open {
			return badPatch("invalidPath", "the path %q is not closed", path)
		}
		return patchValues(t, op, path[:open], path[open+1:end], strings.TrimPrefix(path[end+1:], "."), v)
	}
	name, sub, deeper := strings.Cut(path, ".")
	switch strings.ToLower(name) {
	case "id", "schemas", "meta":
		return nil // the server's own: what is said of them is passed over
	}
	if !deeper {
		return set(t, op, keyOf(t, name), v)
	}
	key := keyOf(t, name)
	inner, ok := t[key].(tree)
	if !ok {
		if t[key] != nil {
			return badPatch("invalidPath", "%s has no parts", name)
		}
		inner = tree{}
		t[key] = inner
	}
	return set(inner, op, keyOf(inner, sub), v)
}

// splitURN cuts a path that names its schema; the core schema is none.
func splitURN(path string, extensions []string) (urn, name string, ok bool) {
	if !strings.HasPrefix(strings.ToLower(path), "urn:") {
		return "", "", false
	}
	for _, core := range []string{coreUser, coreGroup} {
		if rest, ok := cutFold(path, core+":"); ok {
			return "", rest, true
		}
	}
	for _, e := range extensions {
		if strings.EqualFold(path, e) {
			return e, "", true
		}
		if rest, ok := cutFold(path, e+":"); ok {
			return e, rest, true
		}
	}
	return "", "", false
}

func addSchema(t tree, urn string) {
	key := keyOf(t, "schemas")
	all := items(t[key])
	if !slices.Contains(all, any(urn)) {
		t[key] = append(slices.Clone(all), urn)
	}
}

// set is an operation on one attribute of an object.
func set(t tree, op, key string, v any) *problem {
	old, several := t[key].([]any)
	if _, isList := v.([]any); isList {
		several = true
	}
	several = several || strings.EqualFold(key, "members") || strings.EqualFold(key, "emails")
	switch {
	case op == "remove" && several && v != nil:
		t[key] = slices.DeleteFunc(slices.Clone(old), func(one any) bool { return among(items(v), one) })
	case op == "remove":
		delete(t, key)
	case v == nil:
		return badPatch("invalidValue", "there is no value for %s", key)
	case several && op == "add":
		all := slices.Clone(old)
		for _, one := range items(v) {
			if !among(all, one) {
				all = append(all, one)
			}
		}
		t[key] = all
	case several:
		all := []any{}
		for _, one := range items(v) {
			if !among(all, one) {
				all = append(all, one)
			}
		}
		t[key] = all
	default:
		was, wasObject := t[key].(tree)
		is, isObject := v.(tree)
		if !wasObject || !isObject {
			t[key] = v
			break
		}
		for k, one := range is {
			was[keyOf(was, k)] = one
		}
	}
	return nil
}

// among says whether a value stands among others: an object by its "value", else whole.
func among(all []any, v any) bool {
	return slices.ContainsFunc(all, func(one any) bool {
		a, ok := one.(tree)
		b, isObject := v.(tree)
		if ok && isObject && get(a, "value") != nil {
			return get(a, "value") == get(b, "value")
		}
		return reflect.DeepEqual(one, v)
	})
}

// patchValues is an operation on those of an attribute's values that a filter chooses. A value that
// is not there yet is made from a filter that says what it must be, as Entra expects it.
func patchValues(t tree, op, name, filter, sub string, v any) *problem {
	m, err := parseFilter(filter, false)
	if err != nil {
		return badPatch("invalidFilter", "%v", err)
	}
	key := keyOf(t, name)
	var kept []any
	hit := false
	for _, one := range items(t[key]) {
		b, ok := one.(tree)
		if !ok || !m(b) {
			kept = append(kept, one)
			continue
		}
		hit = true
		switch {
		case op == "remove" && sub == "":
			continue
		case sub != "":
			if bad := set(b, op, keyOf(b, sub), v); bad != nil {
				return bad
			}
		default:
			is, ok := v.(tree)
			if !ok {
				return badPatch("invalidValue", "an object is wanted for %s", name)
			}
			for k, leaf := range is {
				b[keyOf(b, k)] = leaf
			}
		}
		kept = append(kept, b)
	}
	if !hit && op != "remove" {
		made := tree{}
		attr, value, ok := strings.Cut(filter, " eq ")
		var want any
		if !ok || sub == "" || json.Unmarshal([]byte(value), &want) != nil {
			return badPatch("noTarget", "nothing of %s is %s", name, filter)
		}
		made[attr], made[sub] = want, v
		kept = append(kept, made)
	}
	t[key] = append([]any{}, kept...)
	return nil
}
