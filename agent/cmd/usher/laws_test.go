// The laws of the house: what may import what, and what may not stand in a file. A broken law says
// why it is one. They are kept apart from what they are applied to, so that broken_laws_test.go can
// show for each of them that it can be broken.
package main_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/usherhq/usher"

// A house is what the laws are about: our own packages, and the texts in the repository.
type house struct {
	packages []pack
	texts    map[string]string // by path from the top
}

// A pack is what `go list -json` says of a package.
type pack struct {
	ImportPath   string
	Name         string
	Doc          string
	Dir          string
	GoFiles      []string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

// path is the package's path from the top of the module.
func (p pack) path() string { return own(p.ImportPath) }

// own returns the path of one of our packages from the top of the module, and "" for others'.
func own(importPath string) string {
	path, ok := strings.CutPrefix(importPath, module+"/")
	if !ok {
		return ""
	}
	return path
}

// A law names what is broken, once for each place.
type law struct {
	name   string
	why    string
	broken func(house) []string
}

func laws() []law {
	all := []law{
		{"top", "the top level is what design.md draws; a new folder there is a new idea, and is drawn first", topLevel},
		{"place", "each package stands on a floor of design.md's picture, or nobody can say what it may import", places},
		{"floors", "imports run downward only, on floor 2 leftward only: what is above can change without what is below", floors},
		{"apps", "apps never import one another: one is deleted, or breaks, without the others noticing", apps},
		{"rooms", "the rooms of floor 4 never import one another: what two of them share belongs to agent", rooms},
		{"all", "flows and flows/all are the doors to floor 2: who holds an app's own package goes around its contract", doorsOfFlows},
		{"stand-ins", "a stand-in that knows the sheets, or drives a browser, proves what it was told", standIns},
		{"names", "a package's name is a noun a user would say; these are drawers for what has no place", names},
		{"comments", "a package says in a sentence what it is, and in another what it is not", comments},
		{"sleep", "a sleep is too short or too long: wait on a condition, with a bound, and on ctx", sleeps},
		{"must", "rod's Must functions panic: what a page does is no mistake of a programmer", musts},
		{"init", "what runs before main cannot be given a setting, refused, or tested", inits},
		{"css", "a flow uses only names of the sheet; a CSS string in it is a console's change that needs a release", cssInFlows},
		{"paths", "a path of one machine works on that machine only", machinePaths},
	}
	for _, d := range doors {
		all = append(all, law{"door " + d.name, d.why, d.broken})
	}
	return all
}

func TestTheLawsOfTheHouseAreKept(t *testing.T) {
	t.Parallel()
	h := ourHouse(t)
	for _, l := range laws() {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			for _, where := range l.broken(h) {
				t.Errorf("%s\n\twhy this is a law: %s", where, l.why)
			}
		})
	}
}

// The floors of design.md's picture. On floor 2, rank says what stands to the left of what: flows, then
// flows/internal/drift, the rest of flows/internal, the apps, and flows/all.
type place struct{ floor, rank int }

// placeOf returns where a package stands, and the room that it is part of; a room's own
// packages may import one another.
func placeOf(path string) (where place, room string, ok bool) {
	part := strings.Split(path, "/")
	at := func(i int) string {
		if i < len(part) {
			return part[i]
		}
		return ""
	}
	switch {
	case at(0) == "selectors", at(0) == "secrets":
		return place{1, 0}, at(0), true
	case path == "flows":
		return place{2, 0}, "flows", true
	case path == "flows/internal/drift": // what browser and console share: it knows neither
		return place{2, 1}, path, true
	case at(0) == "flows" && at(1) == "internal":
		return place{2, 2}, "flows/internal", slices.Contains([]string{"browser", "console", "scim", "sandbox", "flowtest"}, at(2))
	case path == "flows/all":
		return place{2, 4}, path, true
	case at(0) == "flows": // an app, with its sandbox
		return place{2, 3}, "flows/" + at(1), len(part) == 2 || len(part) == 3 && at(2) == "sandbox"
	case path == "agent":
		return place{3, 0}, path, true
	case at(0) == "agent" && at(1) == "internal":
		return place{4, 0}, "agent/internal/" + at(2), slices.Contains([]string{"store", "web", "api", "people", "alert"}, at(2))
	case at(0) == "scheduler":
		return place{4, 0}, at(0), true
	case path == "agent/cmd/usher":
		return place{5, 0}, path, true
	}
	return place{}, "", false
}

func isApp(room string) bool {
	return strings.HasPrefix(room, "flows/") && !strings.HasPrefix(room, "flows/internal") && room != "flows/all"
}

// imports calls f for each import of one of our packages by another. A test in a package of its own
// (package x_test) is not held to the floors: it stands outside, and may put a store under the agent
// it tests. Go itself sees to it that nobody can import it.
func (h house) imports(f func(p pack, to string)) {
	for _, p := range h.packages {
		for _, i := range slices.Concat(p.Imports, p.TestImports) {
			if to := own(i); to != "" && to != p.path() {
				f(p, to)
			}
		}
	}
}

func topLevel(h house) (broken []string) {
	drawn := []string{".ci", "agent", "flows", "scheduler", "secrets", "selectors"}
	seen := map[string]bool{}
	for path := range h.texts {
		top, _, inside := strings.Cut(path, "/")
		if inside && !seen[top] && !slices.Contains(drawn, top) {
			seen[top] = true
			broken = append(broken, top+"/ is not in design.md")
		}
	}
	return broken
}

func places(h house) (broken []string) {
	for _, p := range h.packages {
		if _, _, ok := placeOf(p.path()); !ok {
			broken = append(broken, p.path()+" stands on no floor")
		}
	}
	return broken
}

func floors(h house) (broken []string) {
	h.imports(func(p pack, to string) {
		from, room, ok := placeOf(p.path())
		below, other, known := placeOf(to)
		switch {
		case !ok || !known: // the law of places says so
		case room == other, below.floor < from.floor:
		case from.floor == 2 && below.floor == 2 && below.rank < from.rank:
		case from == below && (isApp(room) && isApp(other) || from.floor == 4): // laws of their own
		default:
			broken = append(broken, fmt.Sprintf("%s imports %s", p.path(), to))
		}
	})
	return broken
}

func apps(h house) (broken []string) {
	for _, p := range h.packages { // tests outside the package too
		_, room, _ := placeOf(p.path())
		for _, i := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			if _, other, _ := placeOf(own(i)); isApp(room) && isApp(other) && room != other {
				broken = append(broken, fmt.Sprintf("%s imports %s", p.path(), own(i)))
			}
		}
	}
	return broken
}

func rooms(h house) (broken []string) {
	h.imports(func(p pack, to string) {
		from, room, _ := placeOf(p.path())
		below, other, _ := placeOf(to)
		if from.floor == 4 && below.floor == 4 && room != other {
			broken = append(broken, fmt.Sprintf("%s imports %s", p.path(), to))
		}
	})
	return broken
}

func doorsOfFlows(h house) (broken []string) {
	h.imports(func(p pack, to string) {
		from, _, _ := placeOf(p.path())
		below, _, _ := placeOf(to)
		if from.floor > 2 && below.floor == 2 && to != "flows" && to != "flows/all" {
			broken = append(broken, fmt.Sprintf("%s imports %s", p.path(), to))
		}
	})
	return broken
}

func standIns(h house) (broken []string) {
	standIn := regexp.MustCompile(`^flows/(internal|[a-z0-9]+)/sandbox$`)
	h.imports(func(p pack, to string) {
		if standIn.MatchString(p.path()) && slices.Contains([]string{"selectors", "flows/internal/browser", "flows/internal/console"}, to) {
			broken = append(broken, fmt.Sprintf("%s imports %s", p.path(), to))
		}
	})
	return broken
}

// A door is the one place, or the few, through which a third party comes in.
type door struct {
	name  string
	why   string
	to    []string // import paths, with what lies below them
	at    []string // our packages, with what lies below them
	tests []string // likewise, for tests only
}

var doors = []door{
	{"browser", "rod comes in by flows/internal/browser only: it is replaced there, and what it hands out is bounded there",
		[]string{"github.com/go-rod", "github.com/ysmood"}, []string{"flows/internal/browser"}, nil},
	{"queue", "River comes in by scheduler only",
		[]string{"github.com/riverqueue", "riverqueue.com"}, []string{"scheduler"}, nil},
	{"sql", "SQL comes in by agent/internal/store only: it is where transactions begin and where two dialects meet",
		[]string{"database/sql", "github.com/uptrace/bun", "github.com/pressly/goose/v3", "modernc.org/sqlite"},
		// The tests of the command look into the file as a thief would.
		[]string{"agent/internal/store"}, []string{"agent/cmd/usher"}},
	{"postgres", "pgx comes in by agent/internal/store, and by scheduler for River's driver",
		[]string{"github.com/jackc/pgx"}, []string{"agent/internal/store", "scheduler"}, nil},
	{"command line", "cobra comes in by agent/cmd/usher only: below it nobody knows what was typed",
		[]string{"github.com/spf13/cobra", "github.com/spf13/pflag"}, []string{"agent/cmd/usher"}, nil},
	{"cron", "cron comes in by scheduler only, which mends what it does when the clocks change",
		[]string{"github.com/robfig/cron"}, []string{"scheduler"}, nil},
	{"codes", "one-time codes are made in flows/internal only: there a time step is used once",
		[]string{"github.com/pquerna/otp"}, []string{"flows/internal/browser", "flows/internal/console", "flows/internal/sandbox"},
		[]string{"flows", "agent/cmd/usher"}},
}

func (d door) broken(h house) (broken []string) {
	for _, p := range h.packages {
		tests := slices.Concat(d.at, d.tests)
		for _, i := range p.Imports {
			if under(i, d.to) && !under(p.path(), d.at) {
				broken = append(broken, fmt.Sprintf("%s imports %s", p.path(), i))
			}
		}
		for _, i := range slices.Concat(p.TestImports, p.XTestImports) {
			if under(i, d.to) && !under(p.path(), tests) {
				broken = append(broken, fmt.Sprintf("a test of %s imports %s", p.path(), i))
			}
		}
	}
	return broken
}

// under says whether path is one of tops, or lies below one.
func under(path string, tops []string) bool {
	return slices.ContainsFunc(tops, func(top string) bool {
		return path == top || strings.HasPrefix(path, top+"/")
	})
}
