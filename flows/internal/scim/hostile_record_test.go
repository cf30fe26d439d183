package scim_test

import (
	"encoding/json"
	"fmt"
)

// A record is a resource as JSON has it.
type record map[string]any

func (r record) id() string { return text(r["id"]) }

// label is what is unique of a record: a user's userName, a group's displayName.
func (r record) label() string {
	if n, ok := r["userName"]; ok {
		return text(n)
	}
	return text(r["displayName"])
}

// on says whether a user's active is true, off whether it is false.
func (r record) on() bool { return yes(r["active"]) }

func (r record) off() bool {
	v, ok := r["active"].(bool)
	return ok && !v
}

func yes(v any) bool {
	b, ok := v.(bool)
	return ok && b
}

func text(v any) string {
	s, ok := v.(string)
	if !ok && v != nil {
		return fmt.Sprint(v)
	}
	return s
}

// copied returns a record of its own, so that what is handed out never changes what is kept.
func (r record) copied() record { return copied(map[string]any(r)).(map[string]any) } //nolint:errcheck,forcetypeassert // a map's copy is one

func copied(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[k] = copied(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = copied(e)
		}
		return out
	default:
		return v
	}
}

// clone goes by way of JSON: what comes out is what came over the wire.
func clone[T any](v T) T {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // all of it came from JSON
	}
	var out T
	if err := json.Unmarshal(b, &out); err != nil {
		panic(err)
	}
	return out
}
