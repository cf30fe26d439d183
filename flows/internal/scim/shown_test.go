package scim

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// slowly fills in what is shown from the whole object, attribute by attribute: the same rules said in
// the other way.
func slowly(obj object) *shown {
	text := func(o object, name string) string {
		s, _ := o.text(name)
		return s
	}
	once := func(names []string, o object) slots {
		out := slots{names: names, times: 1}
		for i, n := range names {
			out.slots[i] = slot{text(o, n), 1}
		}
		return out
	}
	several := func(name string) entries {
		v, _ := obj.get(name)
		list, ok := v.([]any)
		if !ok {
			list = []any{v}
		}
		out := entries{length: len(list), times: 1}
		for _, e := range list[:min(len(list), mostEmails)] {
			switch e := e.(type) {
			case string:
				out.all = append(out.all, entry{text: true, value: e})
			case map[string]any:
				o := object(e)
				v, _ := o.get("primary")
				primary, _ := v.(bool)
				out.all = append(out.all, entry{value: text(o, "value"), kind: text(o, "type"), display: text(o, "display"), primary: primary})
			}
		}
		return out
	}
	s := &shown{
		top: once(topNames, obj), name: once(nameNames, obj.in("name")), enterprise: once(enterpriseNames, obj.in(schemaEnterprise)),
		emails: several("emails"), roles: several("roles"),
	}
	if v, ok := obj.get("active"); ok {
		s.active, s.actives = v, 1
	}
	return s
}

// agree holds the three readings of a user against each other: of a list, of one user, and from the
// whole object. It says whether it could be read.
func agree(raw []byte) (read bool, wrong error) {
	one, err := decodeUser(raw)
	var want *user
	var werr error
	obj, oerr := decodeObject(raw)
	if werr = oerr; oerr == nil {
		want, werr = slowly(obj).user()
	}
	if (err == nil) != (werr == nil) {
		return false, fmt.Errorf("read by itself: %w; from the object: %w", err, werr)
	}
	body := append(append([]byte(`{"totalResults":2,"Resources":[{"id":"0","userName":"z@example.com"},`), strings.TrimPrefix(string(raw), "\ufeff")...), "]}"...)
	page, perr := readPage(body, readUser)
	if oerr == nil && perr != nil {
		// A page takes two levels of its own.
		if strings.Contains(perr.Error(), errDeep.Error()) {
			return false, nil
		}
		return false, fmt.Errorf("an object that no page may hold: %w", perr)
	}
	if err != nil {
		if perr == nil && len(page.resources) == 2 && page.resources[1].err == nil {
			return false, fmt.Errorf("read in a list, and not by itself: %w", err)
		}
		return false, nil
	}
	listed := page.resources[1]
	if len(page.resources) != 2 || listed.err != nil || listed.user.raw != nil || listed.id != one.id {
		return false, fmt.Errorf("in a list it is %+v", listed)
	}
	if !reflect.DeepEqual(map[string]any(one.raw), map[string]any(obj)) {
		return false, fmt.Errorf("%v is kept of %v", one.raw, obj)
	}
	one.raw = nil
	for _, u := range []*user{listed.user, want} {
		if !reflect.DeepEqual(u, one) {
			return false, fmt.Errorf("%+v, and by itself %+v", u, one)
		}
	}
	return true, nil
}

func FuzzUserIsTheSameInAListAndByItself(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		if _, err := agree(raw); err != nil {
			t.Errorf("%q: %v", raw, err)
		}
	})
}

// A list reads of a user what usher needs and skips the rest; it must come to the same as reading all.
func TestAUserIsTheSameInAListAndByItself(t *testing.T) {
	t.Parallel()
	read := 0
	rapid.Check(t, func(rt *rapid.T) {
		raw := drawUser(rt, 0)
		ok, err := agree([]byte(raw))
		if err != nil {
			rt.Fatalf("%s: %v", raw, err)
		}
		if ok {
			read++
		}
	})
	if read < 20 {
		t.Errorf("only %d users could be read: this proved little", read)
	}
}

var drawnNames = []string{
	"active", "name", "emails", "roles", "externalId", "displayName", "value", "type", "display", "primary", "givenName", "familyName", "formatted",
	"employeeNumber", "department", schemaEnterprise, "meta", "id", "userName", "e\u017ftate", "di\u017fplayName", "\u212aey",
}

// drawUser draws an object that is much like a user, and odd in many ways.
func drawUser(rt *rapid.T, depth int) string {
	var members []string
	if depth == 0 && rapid.IntRange(0, 9).Draw(rt, "named") > 0 {
		members = []string{`"id":"7"`, `"userName":"a@example.com"`}
	}
	for range rapid.IntRange(0, 7).Draw(rt, "members") {
		name := rapid.SampledFrom(drawnNames).Draw(rt, "name")
		switch rapid.IntRange(0, 7).Draw(rt, "case") {
		case 0:
			name = strings.ToUpper(name)
		case 1:
			name = strings.ToLower(name)
		}
		quoted, err := json.Marshal(name)
		if err != nil {
			rt.Fatal(err)
		}
		if rapid.IntRange(0, 9).Draw(rt, "escaped") == 0 {
			quoted = fmt.Appendf(nil, `"\u%04x%s`, name[0], quoted[2:])
		}
		members = append(members, string(quoted)+":"+drawValue(rt, depth))
	}
	return "{" + strings.Join(members, " ,\n") + "}"
}

func drawValue(rt *rapid.T, depth int) string {
	plain := []string{`"x"`, `"b@example.com"`, `"True"`, `"a\u001b\u202e\ud800\n b"`, "\"\xff\"", `true`, `false`, `null`, `-1.50e3`, `""`, `" \u0041 "`}
	switch kind := rapid.IntRange(0, 5).Draw(rt, "kind"); {
	case kind == 4 && depth < 4:
		return drawUser(rt, depth+1)
	case kind == 5 && depth < 4:
		list := make([]string, rapid.IntRange(0, 3).Draw(rt, "elements"))
		for i := range list {
			list[i] = drawValue(rt, depth+1)
		}
		text := strings.Join(list, ", ")
		if len(list) > 0 && rapid.IntRange(0, 19).Draw(rt, "long") == 0 {
			text = strings.Repeat(text+",", mostEmails) + text
		}
		return "[" + text + "]"
	default:
		return rapid.SampledFrom(plain).Draw(rt, "plain")
	}
}
