package scim

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/usherhq/usher/flows"
)

// strayed says what changed beside the change: all of the whole resource that was not ordered, at
// whatever depth. Their values are nobody's business and stay out of it. follows are the names that the
// service made of the ordered one.
func strayed(first, now *user, want flows.Change) (odd, follows []string) {
	s := strays{first: first, want: want}
	if was, is := first.account.State, now.account.State; was != is {
		s.odd = append(s.odd, fmt.Sprintf("state: %q -> %q", was, is))
	}
	if was, is := first.account.Email, now.account.Email; !flows.SameAddress(was, is) && (want.Email == "" || !flows.SameAddress(is, want.Email)) {
		s.odd = append(s.odd, fmt.Sprintf("address: %q -> %q", was, is))
	}
	s.sameState = first.account.State == now.account.State && now.account.State != flows.Unknown
	s.objects("", first.raw, now.raw)
	return s.odd, s.follows
}

// strays collects what differs between two readings of a resource.
type strays struct {
	first     *user
	want      flows.Change
	sameState bool // both say plainly, maybe in another form, whether it is active
	odd       []string
	follows   []string
}

// objects compares two objects attribute by attribute, their names in any case.
func (s *strays) objects(path string, was, is object) {
	a, b := foldedNames(was), foldedNames(is)
	names := maps.Clone(a)
	maps.Copy(names, b)
	for _, k := range slices.Sorted(maps.Keys(names)) {
		x, y := valueOf(was, a[k]), valueOf(is, b[k])
		at := strings.TrimPrefix(path+"."+names[k][0], ".")
		switch {
		case path == "" && (k == "meta" || k == "schemas"): // the service's own; what a schema names is compared itself
		case path == "" && k == "active" && s.sameState:
		case s.ordered(path, k, y) || stamp(k, x, y):
		case s.madeOfName(at, y) && !reflect.DeepEqual(x, y):
			s.follows = append(s.follows, flows.Clean(at))
		default:
			s.values(at, x, y)
		}
	}
}

// foldedNames are the names of an object's attributes as it writes them, by their folded form.
func foldedNames(o object) map[string][]string {
	out := make(map[string][]string, len(o))
	for _, k := range slices.Sorted(maps.Keys(o)) {
		f := strings.ToLower(k)
		out[f] = append(out[f], k)
	}
	return out
}

// valueOf is what stands under these names: the one value, or all.
func valueOf(o object, names []string) any {
	if len(names) == 1 {
		return o[names[0]]
	}
	var all []any
	for _, k := range names {
		all = append(all, o[k])
	}
	return all
}

// values compares what two readings say of one attribute.
func (s *strays) values(at string, a, b any) {
	if strings.EqualFold(at, "emails") {
		a, b = s.mails(a), s.mails(b)
	}
	x, isX := a.(map[string]any)
	y, isY := b.(map[string]any)
	switch {
	case nothing(a) && nothing(b):
	case (isX || nothing(a)) && (isY || nothing(b)):
		s.objects(at, x, y)
	case reflect.DeepEqual(sorted(a), sorted(b)):
	case nothing(b):
		s.odd = append(s.odd, flows.Clean(at)+" is not there any more")
	case nothing(a):
		s.odd = append(s.odd, flows.Clean(at)+" was not there before")
	default:
		s.odd = append(s.odd, flows.Clean(at)+" says something else")
	}
}

// ordered says whether an attribute is one of the change's and says what was ordered.
func (s *strays) ordered(path, name string, is any) bool {
	text, ok := is.(string)
	if !ok {
		return false
	}
	for k, v := range s.want.Words {
		if p := paths[k]; strings.EqualFold(path, p.within) && strings.EqualFold(name, p.name) && flows.Clean(text) == v {
			return true
		}
	}
	return path == "" && name == "username" && s.want.Email != "" && s.first.userNamed() && flows.SameAddress(text, s.want.Email)
}

// madeOfName says whether an attribute is a whole name, with the ordered parts in it: some services make
// it of these.
func (s *strays) madeOfName(at string, is any) bool {
	text, ok := is.(string)
	given, family := s.want.Words[flows.WordFirst], s.want.Words[flows.WordLast]
	return ok && (strings.EqualFold(at, "displayName") || strings.EqualFold(at, "name.formatted")) && given+family != "" &&
		strings.Contains(text, given) && strings.Contains(text, family)
}

// stamp says whether an attribute is the time of the last change, beside "meta" where it belongs.
func stamp(name string, was, is any) bool {
	name = strings.NewReplacer("_", "", "-", "").Replace(name)
	if !slices.Contains([]string{"lastmodified", "modified", "modifiedat", "updated", "updatedat", "lastupdated"}, name) {
		return false
	}
	a, _ := was.(string)
	b, _ := is.(string)
	from, err := time.Parse(time.RFC3339, a)
	to, err2 := time.Parse(time.RFC3339, b)
	return err == nil && err2 == nil && !to.Before(from)
}

// mails returns e-mails as they are to be compared: with the ordered address in the place of the old
// one, where that follows it.
func (s *strays) mails(v any) any {
	i := s.first.main()
	if s.want.Email == "" || i < 0 || !flows.SameAddress(s.first.emails[i].value, s.first.account.Email) {
		return v
	}
	swap := func(v any) any {
		if text, ok := v.(string); ok && (flows.SameAddress(text, s.first.account.Email) || flows.SameAddress(text, s.want.Email)) {
			return s.want.Email
		}
		return v
	}
	each := func(v any) any {
		m, ok := v.(map[string]any)
		if !ok {
			return swap(v)
		}
		m = maps.Clone(m)
		for k, e := range m {
			if strings.EqualFold(k, "value") || strings.EqualFold(k, "display") {
				m[k] = swap(e)
			}
		}
		return m
	}
	list, ok := v.([]any)
	if !ok {
		return each(v)
	}
	list = slices.Clone(list)
	for n, e := range list {
		list[n] = each(e)
	}
	return list
}

// sorted returns a value in the one form in which it is compared: SCIM's lists have no order, its names
// no case, and what says nothing may be left out.
func sorted(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := make(map[string]any, len(v))
		for k, names := range foldedNames(v) {
			if e := sorted(valueOf(v, names)); !nothing(e) {
				m[k] = e
			}
		}
		return m
	case []any:
		list := make([]any, 0, len(v))
		for _, e := range v {
			list = append(list, sorted(e))
		}
		slices.SortFunc(list, func(a, b any) int { return strings.Compare(jsonOf(a), jsonOf(b)) })
		return list
	}
	return v
}

// jsonOf writes what came as JSON as such.
func jsonOf(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v) // it only sorts
	}
	return string(b)
}

// nothing says whether a value says nothing, so that a service may leave it out.
func nothing(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}
