package scim_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/flows/internal/scim"
)

// What a case asks of the list's grade.
const (
	mayBe   = iota // complete or not; where it says so it is
	mustBe         // the client can know, and has to
	mustNot        // nobody could know
)

// A listCase is a service that lies in a list. With each, everybody is listed, and two are sought.
type listCase struct {
	name     string
	people   int // 37 where none is said
	complete int
	quirk    quirk
	seed     func(s *site)
	quiet    bool // a client may do without ever meeting the quirk
	large    bool // nobody is sought, as each search would read all of it
	openFail bool // a client may find out when it opens the console
}

// listed lets f change the body of each list of users that asks for no filter.
func listed(f func(c *call, l map[string]any)) quirk {
	return func(s *site, c *call) *answer {
		if !c.lists(users) || c.query.Get("filter") != "" {
			return nil
		}
		return altered(s, c, f)
	}
}

// altered lets f change what the honest service says.
func altered(s *site, c *call, f func(c *call, l map[string]any)) *answer {
	a := s.honest(c)
	var l map[string]any
	if err := json.Unmarshal(a.body, &l); err != nil {
		return a
	}
	f(c, l)
	s.strike()
	return say(a.status, l)
}

// meanwhile changes the store once, when the first page has been read.
func meanwhile(f func(s *site)) quirk {
	return func(s *site, c *call) *answer {
		if c.lists(users) && number(c.query, "startIndex", 1) > 1 && s.struck() == 0 {
			s.strike()
			s.mu.Lock()
			defer s.mu.Unlock()
			f(s)
		}
		return nil
	}
}

func set(key string, value any) quirk {
	return listed(func(_ *call, l map[string]any) { l[key] = value })
}

// each lets f change each resource that goes out in a list of users.
func each(f func(i int, r map[string]any)) quirk {
	return func(s *site, c *call) *answer {
		if !c.lists(users) {
			return nil
		}
		return altered(s, c, func(_ *call, l map[string]any) {
			for _, v := range resources(l) {
				if r, ok := v.(map[string]any); ok {
					var i int
					if _, err := fmt.Sscanf(text(r["userName"]), "person%d@", &i); err == nil {
						f(i, r)
					}
				}
			}
		})
	}
}

func resources(l map[string]any) []any {
	all, _ := l["Resources"].([]any)
	return all
}

// first asks the service for its first page, whatever the client wanted.
func first(c *call) *call {
	q := *c
	q.query = map[string][]string{"count": c.query["count"], "filter": c.query["filter"]}
	return &q
}

func pagingCases() []listCase {
	return []listCase{
		{name: "an honest service", complete: mustBe, quirk: nil},
		{name: "nobody is there, and Resources neither", people: -1, quirk: listed(func(_ *call, l map[string]any) { delete(l, "Resources") })},
		{name: "startIndex past the end gives the first page again", complete: mustBe, quiet: true, quirk: func(s *site, c *call) *answer {
			if c.lists(users) && number(c.query, "startIndex", 1) > len(s.all(users)) {
				return altered(s, first(c), func(_ *call, l map[string]any) { l["startIndex"] = number(c.query, "startIndex", 1) })
			}
			return nil
		}},
		{name: "startIndex ignored, and said so", complete: mustNot, quirk: func(s *site, c *call) *answer {
			if !c.lists(users) {
				return nil
			}
			return altered(s, first(c), func(*call, map[string]any) {})
		}},
		{name: "startIndex ignored, and echoed all the same", complete: mustNot, quirk: func(s *site, c *call) *answer {
			if !c.lists(users) {
				return nil
			}
			return altered(s, first(c), func(_ *call, l map[string]any) { l["startIndex"] = number(c.query, "startIndex", 1) })
		}},
		{name: "startIndex counted from 0", complete: mustNot, quirk: func(s *site, c *call) *answer {
			if !c.lists(users) || c.query.Get("filter") != "" {
				return nil
			}
			start := number(c.query, "startIndex", 1)
			q := *c
			q.query = map[string][]string{"count": c.query["count"], "startIndex": {fmt.Sprint(start + 1)}}
			return altered(s, &q, func(_ *call, l map[string]any) { l["startIndex"] = start })
		}},
		{name: "count ignored: all at once", complete: mustBe, quirk: func(s *site, c *call) *answer {
			if !c.lists(users) || c.query.Get("filter") != "" {
				return nil
			}
			return altered(s, c, func(_ *call, l map[string]any) {
				all := s.all(users)
				l["Resources"], l["itemsPerPage"], l["startIndex"] = all[min(number(c.query, "startIndex", 1)-1, len(all)):], len(all), number(c.query, "startIndex", 1)
			})
		}},
		{name: "the echo of startIndex is missing", quirk: listed(func(_ *call, l map[string]any) { delete(l, "startIndex") })},
		{name: "the echo of startIndex is null", quirk: set("startIndex", nil)},
		{name: "itemsPerPage lies", quirk: set("itemsPerPage", 1000)},
		{name: "totalResults is missing", complete: mustNot, quirk: listed(func(_ *call, l map[string]any) { delete(l, "totalResults") })},
		{name: "totalResults is a text", quirk: set("totalResults", "37")},
		{name: "totalResults is negative", complete: mustNot, quirk: set("totalResults", -1)},
		{name: "totalResults is no count", complete: mustNot, quirk: set("totalResults", 36.5)},
		{name: "totalResults too small", complete: mustNot, quirk: set("totalResults", 5)},
		{name: "totalResults too small by one", complete: mustNot, quirk: set("totalResults", 36)},
		{name: "totalResults too small by whole pages", complete: mustNot, quirk: set("totalResults", pageOfOne)},
		{name: "totalResults too large", complete: mustNot, quirk: set("totalResults", 40)},
		{name: "totalResults past any count", complete: mustNot, quirk: listed(func(_ *call, l map[string]any) { l["totalResults"] = json.RawMessage("1e300") })},
		{name: "totalResults counts the page", complete: mustNot, quirk: listed(func(_ *call, l map[string]any) { l["totalResults"] = len(resources(l)) })},
		{name: "Resources is null", complete: mustNot, quirk: set("Resources", nil)},
		{name: "Resources is missing, of 37", complete: mustNot, quirk: listed(func(_ *call, l map[string]any) { delete(l, "Resources") })},
		{name: "Resources is an object", complete: mustNot, openFail: true, quirk: set("Resources", map[string]any{"id": "id-0001"})},
		{name: "Resources holds what is none", complete: mustNot, openFail: true, quirk: set("Resources", []any{nil, 1, "x", []any{}})},
		{name: "the names of attributes in another case", quirk: listed(func(_ *call, l map[string]any) {
			l["totalresults"], l["resources"] = l["totalResults"], l["Resources"]
			delete(l, "totalResults")
			delete(l, "Resources")
		})},
		{name: "the last page is a 500", complete: mustNot, quirk: func(s *site, c *call) *answer {
			if c.lists(users) && number(c.query, "startIndex", 1) > 25 {
				s.strike()
				return problem(http.StatusInternalServerError, "", "out of luck")
			}
			return nil
		}},
		{name: "the last page is empty", complete: mustNot, quirk: listed(func(c *call, l map[string]any) {
			if number(c.query, "startIndex", 1) > 25 {
				l["Resources"], l["itemsPerPage"] = []any{}, 0
			}
		})},
		{name: "a page is shorter than it could be", complete: mustBe, quirk: listed(func(c *call, l map[string]any) {
			if all := resources(l); number(c.query, "startIndex", 1) == 1 && len(all) == pageOfOne {
				l["Resources"], l["itemsPerPage"] = all[:pageOfOne-1], pageOfOne-1
			}
		})},
		{name: "one is left out of every page", complete: mustNot, quirk: listed(func(_ *call, l map[string]any) {
			l["Resources"] = slices.DeleteFunc(resources(l), func(v any) bool {
				u, ok := v.(map[string]any)
				return ok && u["id"] == "id-0015"
			})
			l["itemsPerPage"] = len(resources(l))
		})},
		{name: "somebody leaves meanwhile", quirk: meanwhile(func(s *site) { s.kinds[users] = s.kinds[users][1:] })},
		{name: "somebody comes meanwhile, at the front", quirk: meanwhile(func(s *site) {
			s.kinds[users] = append([]record{withID(person(90), "n1")}, s.kinds[users]...)
		})},
		{name: "somebody leaves meanwhile, and somebody comes", quirk: meanwhile(func(s *site) {
			s.kinds[users] = append(s.kinds[users][1:], withID(person(90), "n1"))
		})},
		{name: "the order changes meanwhile", quirk: meanwhile(func(s *site) { slices.Reverse(s.kinds[users]) })},
		{name: "a page of 50,000", people: -1, complete: mustBe, large: true, seed: func(s *site) {
			s.page = 50_000
			for i := range 50_000 {
				s.kinds[users] = append(s.kinds[users], record{"id": fmt.Sprintf("u%d", i), "userName": fmt.Sprintf("u%d@example.com", i), "active": true})
			}
		}},
		{name: "an endless list, always with new people", complete: mustNot, quirk: listed(func(c *call, l map[string]any) {
			start := number(c.query, "startIndex", 1)
			page := []any{}
			for i := range pageOfOne {
				page = append(page, map[string]any{"id": fmt.Sprintf("n%d", start+i), "userName": fmt.Sprintf("n%d@example.com", start+i), "active": true})
			}
			l["Resources"], l["totalResults"], l["startIndex"] = page, start+1000, start
		})},
	}
}

func peopleCases() []listCase {
	mangled := func(c rune) listCase {
		return listCase{name: fmt.Sprintf("ids with %q in them", c), complete: mustBe, quiet: true, seed: func(s *site) {
			for i, u := range s.kinds[users] {
				u["id"] = fmt.Sprintf("a%c%d%cz", c, i, c)
			}
		}}
	}
	return []listCase{
		mangled('@'), mangled('/'), mangled('?'), mangled('%'), mangled('#'), mangled('ü'), mangled(' '), mangled('"'), mangled('.'),
		{name: "ids are numbers past what a float keeps apart", quirk: each(func(i int, r map[string]any) {
			r["id"] = json.RawMessage(fmt.Sprint(9007199254740992 + i))
		})},
		{name: "an id leads elsewhere", quirk: each(func(i int, r map[string]any) {
			if i == 12 {
				r["id"] = ".."
			}
		})},
		{name: "an id is empty", complete: mustNot, quirk: each(func(i int, r map[string]any) {
			if i == 12 {
				r["id"] = ""
			}
		})},
		{name: "an id is missing", complete: mustNot, quirk: each(func(i int, r map[string]any) {
			if i == 12 {
				delete(r, "id")
			}
		})},
		{name: "two people have one id", complete: mustNot, quirk: each(func(i int, r map[string]any) {
			if i == 32 {
				r["id"] = "id-0002"
			}
		})},
		{name: "a userName is missing", complete: mustNot, quirk: each(func(i int, r map[string]any) {
			if i == 33 {
				delete(r, "userName")
				delete(r, "emails")
			}
		})},
		{name: "userNames in upper case", complete: mustBe, quirk: each(func(_ int, r map[string]any) { r["userName"] = strings.ToUpper(text(r["userName"])) })},
		{name: "userNames with white space around", quirk: each(func(_ int, r map[string]any) { r["userName"] = " " + text(r["userName"]) + "\n" })},
		{name: "two who differ only in case", quiet: true, seed: func(s *site) {
			twin := clone(s.kinds[users][0])
			twin["id"], twin["userName"] = "twin", "Person001@Example.com"
			s.kinds[users] = append(s.kinds[users], twin)
		}},
		{name: "emails is an object, null, or of texts", complete: mustBe, quirk: each(func(i int, r map[string]any) {
			r["emails"] = []any{map[string]any{"value": 7}, nil, []any{"x", 1, nil}}[i%3]
		})},
		{name: "name is a text", complete: mustBe, quirk: each(func(_ int, r map[string]any) { r["name"] = "Person" })},
		{name: "active is a text", quirk: each(func(i int, r map[string]any) { r["active"] = []any{"False", "True", "true", "true", "True"}[i%5] })},
		{name: "active is a lower-case text", quirk: each(func(i int, r map[string]any) { r["active"] = fmt.Sprint(i%5 != 0) })},
		{name: "active is an array", quirk: each(func(i int, r map[string]any) {
			r["active"] = []any{map[string]any{"value": fmt.Sprint(i%5 != 0)}}
		})},
		{name: "active is missing", quirk: each(func(_ int, r map[string]any) { delete(r, "active") })},
		{name: "active is null", quirk: each(func(_ int, r map[string]any) { r["active"] = nil })},
		{name: "active is a number", quirk: each(func(i int, r map[string]any) { r["active"] = i % 5 })},
		{name: "the filter is ignored", complete: mustBe, quirk: func(s *site, c *call) *answer {
			if !c.lists(users) || c.query.Get("filter") == "" {
				return nil
			}
			q := *c
			q.query = map[string][]string{"count": c.query["count"], "startIndex": c.query["startIndex"]}
			return altered(s, &q, func(*call, map[string]any) {})
		}},
		filterCase("the filter is a 400", problem(http.StatusBadRequest, "invalidFilter", "no filters here")),
		filterCase("the filter is a 404", problem(http.StatusNotFound, "", "nothing there")),
		filterCase("the filter is a 501", problem(http.StatusNotImplemented, "", "not yet")),
		filterCase("the filter finds nobody, ever", say(http.StatusOK, map[string]any{"schemas": []string{listURN}, "totalResults": 0, "Resources": []any{}})),
		filterCase("the filter counts one, and shows none", say(http.StatusOK, map[string]any{"schemas": []string{listURN}, "totalResults": 1, "Resources": []any{}})),
		filterCase("the filter finds a neighbour", say(http.StatusOK, map[string]any{"schemas": []string{listURN}, "totalResults": 1, "startIndex": 1, "itemsPerPage": 1,
			"Resources": []any{withID(person(2), "id-0002")}})),
		{name: "the filter knows only the right case", complete: mustBe, quiet: true, quirk: func(s *site, c *call) *answer {
			if f := c.query.Get("filter"); c.lists(users) && strings.ToLower(f) != f && !strings.Contains(f, "userName eq \"person") {
				return filterCase("", say(http.StatusOK, map[string]any{"schemas": []string{listURN}, "totalResults": 0, "Resources": []any{}})).quirk(s, c)
			}
			return nil
		}},
	}
}

func withID(r record, id string) record {
	r["id"] = id
	return r
}

func filterCase(name string, a *answer) listCase {
	return listCase{name: name, complete: mustBe, quirk: func(s *site, c *call) *answer {
		if !c.lists(users) || c.query.Get("filter") == "" {
			return nil
		}
		s.strike()
		return a
	}}
}

func TestNoListIsCalledCompleteThatIsNot(t *testing.T) {
	t.Parallel()
	for _, k := range append(pagingCases(), peopleCases()...) {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			k.run(t)
		})
	}
}

func (k listCase) run(t *testing.T) {
	t.Helper()
	people := k.people
	if people == 0 {
		people = 37
	}
	s := newSite(t, max(people, 0), k.quirk)
	if k.seed != nil {
		k.seed(s)
	}
	n := &notes{}
	bounded(t, "the list", func(ctx context.Context) {
		c, err := enter(ctx, t, environment(s.url(), n))
		if err != nil {
			if harmless(t, n, err); !k.openFail {
				t.Errorf("open: %v", err)
			}
			return
		}
		r, err := c.List(ctx)
		harmless(t, n, err)
		switch {
		case err != nil && k.complete == mustBe:
			t.Errorf("list: %v", err)
		case err != nil:
		case r.Grade == flows.Complete && k.complete == mustNot:
			t.Errorf("%d accounts are called complete: %+v", len(r.Accounts), r.Witnesses)
		case r.Grade == flows.Complete:
			agrees(t, s, r)
		case k.complete == mustBe:
			t.Errorf("%d accounts are called %s: %+v %q", len(r.Accounts), r.Grade, r.Witnesses, r.Notes)
		}
		if k.large {
			return
		}
		for _, email := range []string{"person001@example.com", "person033@example.com", "nobody@example.com"} {
			harmless(t, n, sought(ctx, t, s, c, email))
		}
	})
	if k.quirk != nil && s.struck() == 0 && !k.quiet {
		t.Error("the quirk never struck: this proved nothing")
	}
	if log := s.changes(); len(log) > 0 {
		t.Errorf("reading changed something: %v", log)
	}
}

func (s *site) struck() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hits
}

var (
	_ flows.Console     = (*scim.Console)(nil)
	_ flows.Checker     = (*scim.Console)(nil)
	_ flows.Reactivator = (*scim.Console)(nil)
	_ flows.Updater     = (*scim.Console)(nil)
	_ flows.Grouper     = (*scim.Console)(nil)
)
