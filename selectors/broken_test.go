package selectors

import (
	"strings"
	"testing"
)

// change returns small with one text in it replaced.
func change(t *testing.T, old, with string) string {
	t.Helper()
	if strings.Count(small, old) != 1 {
		t.Fatalf("%q stands %d times in the sheet", old, strings.Count(small, old))
	}
	return strings.Replace(small, old, with, 1)
}

func TestABrokenSheetSaysWhatIsWrongAndWhere(t *testing.T) {
	t.Parallel()
	if _, err := toy(t, map[string]string{"v1.yaml": small}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, old, with, want string }{
		{"unknown key at the top", "title: Toy", "tittle: Toy", `v1.yaml: [3:1] unknown field "tittle"`},
		{"unknown key of an element", "{find: [{test: gone}], verb", "{find: [{test: gone}], werb", `[13:38] unknown field "werb"`},
		{"unknown kind of candidate", "{test: gone}", "{xpath: gone}", `[13:24] unknown field "xpath"`},
		{"wrong type", "version: 1", "version: one", "v1.yaml: [2:10] "},
		{"a list for a map", "{role: grid}", "[grid]", "v1.yaml: [11:"},
		{"duplicate key", "title: Toy", "title: Toy\ntitle: Boy", "v1.yaml: [4:1] "},
		{"duplicate element", "  users.add:", "  users.grid:", "v1.yaml: [12:3] "},
		{"no YAML", "title: Toy", "title: [Toy", "v1.yaml: ["},
		{"second document", "states: {Active: active}\n", "states: {Active: active}\n---\napp: toy\n", "v1.yaml: a sheet is one document"},
		{"app of another folder", "app: toy", "app: boy", `v1.yaml: the sheet is of app "boy", in the folder of "toy"`},
		{"no version", "version: 1", "version: 0", "v1.yaml: version: want"},
		{"no day", `since: "2026-01-02"`, `since: ""`, "v1.yaml: since: want"},
		{"from a missing version", "version: 1", "version: 3\nfrom: 2", "v1.yaml: from 2: there is no such older version"},
		{"from itself", "version: 1", "version: 1\nfrom: 1", "v1.yaml: from 1: there is no such older version"},
		{"unknown class", "verb: invite", "verb: invit", `v1.yaml: elements.users.add: verb: no class of verb "invit"`},
		{"writes without a class", "verb: delete, writes", "writes", "v1.yaml: elements.users.gone: writes: say"},
		{"unknown class of an act", "{deactivate: delete}", "{deactivate: zap}", `v1.yaml: acts: no class of verb "zap"`},
		{"unknown order of an act", "{deactivate: delete}", "{deactivat: delete}", `v1.yaml: acts: no class of verb "deactivat"`},
		{"container in itself", "in: users.grid, verb", "in: users.add, verb", "v1.yaml: elements.users.add: in: the containers go round"},
		{"containers in a circle", "{find: [{role: grid}],", "{find: [{role: grid}], in: users.add,", "the containers go round in a circle"},
		{"container that is not there", "in: users.grid, verb", "in: nowhere, verb", `elements.users.add: in: no element "nowhere"`},
		{"landmark that is not there", "landmark: [users.grid]", "landmark: [users.list]", `pages.users: no element "users.list"`},
		{"page without a landmark", "landmark: [users.grid]", "landmark: []", "pages.users: without a landmark"},
		{"way that is not there", "via: [shell]", "via: [menu]", `pages.users: no element "menu"`},
		{"start that is not there", "start: home", "start: hut", `pages.users: start: no page "hut"`},
		{"start in a circle", "start: home", "start: users", "pages.users: start: the pages go round"},
		{"way from nowhere", "start: home, ", "", "pages.users: via: say from which page"},
		{"address that is no expression", "{path: /,", "{path: /, url: '(',", "pages.home: url: "},
		{"documented without source", `, source: "https://example.com/help"`, "", "elements.users.gone: basis documented: want its source"},
		{"seen without source", `documented, source: "https://example.com/help"`, "seen", "elements.users.gone: basis seen: want its source"},
		{"no basis", "via: [shell], landmark: [users.grid], basis: assumed", "via: [shell], landmark: [users.grid]", "pages.users: basis: want documented"},
		{"unknown basis", "{role: grid}], basis: assumed", "{role: grid}], basis: guessed", `elements.users.grid: basis: want documented, seen or assumed, not "guessed"`},
		{"no candidate", "[{role: grid}]", "[]", "elements.users.grid: find: want at least one"},
		{"empty candidate", "{role: grid}", "{}", "elements.users.grid: find[0]: want exactly one kind"},
		{"two kinds", "{test: gone}", "{test: gone, css: .gone}", "elements.users.gone: find[0]: want exactly one kind"},
		{"name without a role", "{text: Add user}", "{text: Add user, name: Add}", "elements.users.add: find[0]: want exactly one kind"},
		{"attr without a value", "{test: gone}", "{attr: gone}", "elements.users.gone: find[0]: attr: want name=value"},
		{"expression that is none", "name: Menu", `name: "~("`, "v1.yaml: "},
		{"empty word", "name: Menu", `name: " "`, "v1.yaml: "},
		{"empty expression", "name: Menu", `name: "~"`, "v1.yaml: "},
		{"no words", "name: Menu", `name: []`, "v1.yaml: "},
		{"words that are a map", "name: Menu", `name: {a: b}`, "v1.yaml: "},
		{"table without a place", "    in: users.grid\n", "", "tables.users: in: want"},
		{"table in nothing", "    in: users.grid\n", "    in: nowhere\n", `tables.users: no element "nowhere"`},
		{"key that is no column", "key: email", "key: mail", `tables.users: key: no column "mail"`},
		{"column without a header", "{header: Email,", "{", "tables.users: columns.email: want a header"},
		{"column that takes what is not", "{header: Email,", "{header: Email, take: mail,", "columns.email: take: want"},
		{"column of unknown words", "{header: Email,", "{header: Email, words: rolls,", "columns.email: words: want"},
		{"column with a bad pattern", "{header: Email,", "{header: Email, pattern: '[',", "columns.email: pattern: "},
		{"total with a bad pattern", "key: email", "key: email\n    total: {pattern: '['}", "tables.users: "},
		{"paging to nothing", "key: email", "key: email\n    paging: {next: users.next}", `tables.users: no element "users.next"`},
		{"state that is none of ours", "{Active: active}", "{Active: alive}", `words.states: "Active": no state "alive"`},
		{"one word with two meanings", "Boss: admin", "ADMIN: owner", `words.roles: "Admin" means both "owner" and "admin"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := toy(t, map[string]string{"v1.yaml": change(t, c.old, c.with)})
			if err == nil || !strings.HasPrefix(err.Error(), "v1.yaml: ") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v\nwant a text with %s", err, c.want)
			}
		})
	}
}

func TestAnEmptySheetIsAnError(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "\n", "# nothing\n", "---\n", "null\n"} {
		if _, err := toy(t, map[string]string{"v1.yaml": text}); err == nil {
			t.Errorf("%q is taken for a sheet", text)
		}
	}
}

func TestVersionsThatDoNotGoTogetherAreErrors(t *testing.T) {
	t.Parallel()
	two := "app: toy\nversion: 2\nsince: \"2026-02-02\"\n"
	for _, c := range []struct {
		name, want string
		files      map[string]string
	}{
		{"the same version twice", "v2.yaml: version 1 stands in v1.yaml already", map[string]string{"v1.yaml": small, "v2.yaml": small}},
		{"from a newer one", "v1.yaml: from 2: there is no such older version", map[string]string{"v1.yaml": change(t, "version: 1", "version: 1\nfrom: 2"), "v2.yaml": two}},
		{"a container that the new version takes away", `v2.yaml: elements.users.add: in: no element "users.box"`, map[string]string{"v1.yaml": small,
			"v2.yaml": two + "from: 1\nelements:\n  users.grid: {find: [{role: grid}], in: users.box, basis: assumed}\n"}},
		{"a circle over two versions", "v2.yaml: elements.users.", map[string]string{"v1.yaml": small,
			"v2.yaml": two + "from: 1\nelements:\n  users.grid: {find: [{role: grid}], in: users.add, basis: assumed}\n"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if _, err := toy(t, c.files); err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}
