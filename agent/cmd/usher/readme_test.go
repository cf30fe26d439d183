package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/secrets"
	"github.com/usherhq/usher/selectors"
)

// What the README says is held to the code: its transcript to a script, its commands to the command
// line, its tables to the tables.

var top = filepath.Join("..", "..", "..")

func readme(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(top, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// marked returns the block or table that follows the comment <!-- mark -->.
func marked(t *testing.T, mark string) []string {
	t.Helper()
	_, rest, ok := strings.Cut(readme(t), "<!-- "+mark+" -->\n")
	if !ok {
		t.Fatalf("the README has no <!-- %s -->", mark)
	}
	lines := strings.Split(rest, "\n")
	end := func(l string) bool { return !strings.HasPrefix(l, "|") }
	if strings.HasPrefix(lines[0], "```") {
		lines, end = lines[1:], func(l string) bool { return strings.HasPrefix(l, "```") }
	}
	n := slices.IndexFunc(lines, end)
	if n < 1 {
		t.Fatalf("nothing follows <!-- %s -->", mark)
	}
	return lines[:n]
}

// table returns the rows of a marked table, without its head.
func table(t *testing.T, mark string) [][]string {
	t.Helper()
	const head = 2
	lines := marked(t, mark)
	if len(lines) <= head {
		t.Fatalf("the table after <!-- %s --> has no row", mark)
	}
	var rows [][]string
	for _, l := range lines[head:] {
		cells := strings.Split(strings.Trim(l, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		rows = append(rows, cells)
	}
	return rows
}

var transcriptMark = regexp.MustCompile(`<!-- (transcript: (\S+)) -->`)

func TestTheReadmesTranscriptIsAScript(t *testing.T) {
	t.Parallel()
	found := transcriptMark.FindAllStringSubmatch(readme(t), -1)
	if len(found) == 0 {
		t.Fatal("the README has no transcript")
	}
	for _, m := range found {
		b, err := os.ReadFile(filepath.Join(top, filepath.FromSlash(m[2])))
		if err != nil {
			t.Fatal(err)
		}
		for _, wrong := range notInScript(marked(t, m[1]), string(b)) {
			t.Errorf("%s: %s", m[2], wrong)
		}
	}
}

func TestATranscriptThatIsNotItsScriptIsFound(t *testing.T) {
	t.Parallel()
	const script = "exec usher list a\nstdout '^a: [0-9]+ accounts$'\njsonhas total 3\nexits 2 usher list b\nstderr 'no b'\n"
	for _, c := range []struct {
		transcript string
		wrong      int
	}{
		{"$ usher list a\na: 3 accounts\n...\n$ usher list b # exits 2\n... no b", 0},
		{"$ usher list b", 1}, // which fails
		{"$ usher list a\n{\"total\":3}", 0},
		{"$ usher list a\n{\"total\":4}", 1},
		{"$ usher list a\na: many accounts", 1},
		{"$ usher list a\na: 3 accounts, and more", 1},
		{"$ usher list a\nno b", 1}, // what another command says
		{"$ usher list", 1},
		{"$ usher list a b", 1},
		{"$ usher list b # exits 2\n$ usher list a", 1}, // another order
	} {
		if got := notInScript(strings.Split(c.transcript, "\n"), script); len(got) != c.wrong {
			t.Errorf("%q: %q, want %d", c.transcript, got, c.wrong)
		}
	}
}

// notInScript says which lines of a transcript do not stand in a script. A command must be one that
// the script runs, in its order. A line of its answer must be matched, all of it but the ellipses at
// its ends, by a pattern that the script wants of this command; a JSON object by its jsonhas.
func notInScript(transcript []string, script string) (wrong []string) {
	lines := strings.Split(script, "\n")
	var wants []string
	at := 0
	for _, l := range transcript {
		command, ok := strings.CutPrefix(l, "$ ")
		if ok {
			n := slices.IndexFunc(lines[at:], func(s string) bool { return runs(s, command) })
			if n < 0 {
				wrong = append(wrong, "it does not run, or not in this order: "+command)
				wants = nil
				continue
			}
			at += n + 1
			wants = lines[at:]
			if end := slices.IndexFunc(wants, func(s string) bool { return commandLine.MatchString(s) }); end >= 0 {
				wants = wants[:end]
			}
			continue
		}
		text := strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(l), "..."), "..."))
		switch {
		case text == "":
		case strings.HasPrefix(text, "{"):
			wrong = append(wrong, notWanted(text, wants)...)
		case !slices.ContainsFunc(wants, func(s string) bool { return matches(s, text) }):
			wrong = append(wrong, "nothing wants this answer: "+text)
		}
	}
	return wrong
}

var (
	commandLine = regexp.MustCompile(`^(exec|exits \d+) (.*)$`)
	wantLine    = regexp.MustCompile(`^(?:stdout|stderr) '(.*)'$`)
	inShell     = regexp.MustCompile(`^sh -c '.*exec (usher [^']*)' &\w+&$`)
)

// runs says whether a line of a script runs the command, which ends well unless it says "# exits N".
func runs(line, command string) bool {
	m := commandLine.FindStringSubmatch(line)
	if m == nil {
		return false
	}
	command, exit, fails := strings.Cut(command, " # ")
	if !fails {
		exit = "exec"
	}
	said := m[2]
	if s := inShell.FindStringSubmatch(said); s != nil {
		said = s[1]
	}
	return m[1] == exit && said == command
}

func matches(line, text string) bool {
	m := wantLine.FindStringSubmatch(line)
	if m == nil {
		return false
	}
	re, err := regexp.Compile(`^(?:` + strings.TrimSuffix(strings.TrimPrefix(m[1], "^"), "$") + `)$`)
	return err == nil && re.MatchString(text)
}

// notWanted says which values of a JSON object no jsonhas wants.
func notWanted(object string, wants []string) (wrong []string) {
	var v any
	if err := json.Unmarshal([]byte(object), &v); err != nil {
		return []string{err.Error()}
	}
	for _, l := range leaves("", v) {
		if !slices.Contains(wants, "jsonhas "+l) {
			wrong = append(wrong, "nothing wants this: "+l)
		}
	}
	return wrong
}

// leaves returns the values of a JSON value, each with its dotted path.
func leaves(path string, v any) (out []string) {
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			out = append(out, leaves(path+"."+k, v[k])...)
		}
	case []any:
		for i, one := range v {
			out = append(out, leaves(path+"."+strconv.Itoa(i), one)...)
		}
	default:
		out = append(out, strings.TrimPrefix(fmt.Sprintf("%s %v", path, v), "."))
	}
	return out
}

var (
	inline = regexp.MustCompile("`usher(| [^`]*)`")
	word   = regexp.MustCompile(`'[^']*'|\S+`)
)

// The README's commands, from its blocks (typed in full) and from its sentences.
func commandsOf(text string) (typed, named []string) {
	block := ""
	for _, l := range strings.Split(text, "\n") {
		if after, ok := strings.CutPrefix(l, "```"); ok {
			block = after
			continue
		}
		if command, ok := strings.CutPrefix(l, "$ usher "); ok && block == "console" {
			command, _, _ = strings.Cut(command, " # ")
			typed = append(typed, command)
		}
		for _, m := range inline.FindAllStringSubmatch(l, -1) {
			named = append(named, strings.TrimSpace(m[1]))
		}
	}
	return typed, named
}

func commandTree() *cobra.Command {
	root := newCLI(os.Stdin, os.Stdout, os.Stderr).root()
	root.InitDefaultCompletionCmd()
	return root
}

func TestTheReadmesCommandsExist(t *testing.T) {
	t.Parallel()
	typed, named := commandsOf(readme(t))
	if len(typed) == 0 || len(named) == 0 {
		t.Fatal("the README names no commands")
	}
	for _, c := range typed {
		if err := understood(c, true); err != nil {
			t.Errorf("$ usher %s: %v", c, err)
		}
	}
	for _, c := range named {
		if err := understood(c, false); err != nil {
			t.Errorf("`usher %s`: %v", c, err)
		}
	}
	for _, wrong := range []string{"lst", "list --colour a", "orders shw", "list", "freeze maybe", "completion klingon"} {
		if understood(wrong, true) == nil {
			t.Errorf("usher %s is taken for a command", wrong)
		}
	}
}

// understood says why the command line would not take the line; full wants all its arguments too.
func understood(line string, full bool) error {
	var words []string
	for _, w := range word.FindAllString(line, -1) {
		words = append(words, strings.Trim(w, "'"))
	}
	cmd, rest, err := commandTree().Find(words)
	if err != nil {
		return err
	}
	if err := cmd.ParseFlags(rest); err != nil {
		return err
	}
	left := cmd.Flags().Args()
	if !full && (!cmd.HasSubCommands() || len(left) == 0) {
		return nil
	}
	return cmd.ValidateArgs(left)
}

func TestTheReadmeNamesEveryCommand(t *testing.T) {
	t.Parallel()
	_, named := commandsOf(readme(t))
	var look func(*cobra.Command)
	look = func(cmd *cobra.Command) {
		path := strings.TrimPrefix(cmd.CommandPath(), "usher ")
		if cmd.Name() == "completion" || !cmd.HasSubCommands() {
			if !slices.ContainsFunc(named, func(s string) bool { return s == path || strings.HasPrefix(s, path+" ") }) {
				t.Errorf("the README does not name `usher %s`", path)
			}
			return
		}
		for _, sub := range cmd.Commands() {
			look(sub)
		}
	}
	look(commandTree())
}

func TestTheReadmesExitCodesAreTheTablesOwn(t *testing.T) {
	t.Parallel()
	again := map[flows.Retry]string{flows.RetryNever: "never", flows.RetryOnce: "once", flows.RetryBackoff: "with pauses"}
	said := map[flows.Code]bool{}
	for _, r := range table(t, "checked: exits") {
		code := flows.Code(r[1])
		if code == "" {
			if r[0] != "0" && r[0] != "130" {
				t.Errorf("exit %s has no code", r[0])
			}
			continue
		}
		c, ok := flows.Table[code]
		if !ok {
			t.Errorf("there is no code %s", code)
			continue
		}
		said[code] = true
		want := []string{strconv.Itoa(c.Exit), string(code), c.Meaning, again[c.Retry], strconv.Itoa(c.HTTP)}
		if !slices.Equal(r, want) {
			t.Errorf("the README says %q, the table %q", r, want)
		}
	}
	for code := range flows.Table {
		if !said[code] {
			t.Errorf("the README does not say %s", code)
		}
	}
	if got := exitOf(interrupted{os.ErrClosed}); got != 130 {
		t.Errorf("an interrupt exits with %d", got)
	}
}

func TestTheReadmesCountsAreTheSheets(t *testing.T) {
	t.Parallel()
	known, err := apps()
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{}
	for _, app := range known {
		if !usesSheets(app) {
			continue
		}
		set, err := selectors.Load(app.Name, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range set.Sheets {
			n := map[selectors.Basis]int{}
			for _, e := range s.Elements {
				n[e.Basis]++
			}
			want = append(want, []string{
				s.ID(), strconv.Itoa(len(s.Elements)), strconv.Itoa(n[selectors.Documented]), strconv.Itoa(n[selectors.Seen]), strconv.Itoa(n[selectors.Assumed]),
			})
		}
	}
	if got := table(t, "checked: sheets"); !reflect.DeepEqual(got, want) {
		t.Errorf("the README says %q, the sheets %q", got, want)
	}
}

func TestTheReadmesOutcomesAreTheContracts(t *testing.T) {
	t.Parallel()
	var got []flows.OutcomeKind
	for _, r := range table(t, "checked: outcomes") {
		got = append(got, flows.OutcomeKind(r[0]))
	}
	if want := []flows.OutcomeKind{flows.Done, flows.Already, flows.InvitationOut, flows.Manual}; !slices.Equal(got, want) {
		t.Errorf("the README says %q, the contract %q", got, want)
	}
}

func TestTheReadmesConfigurationIsTheCodes(t *testing.T) {
	t.Parallel()
	var got []string
	defaults := map[string]string{}
	for _, r := range table(t, "checked: keys") {
		got = append(got, r[0])
		defaults[r[0]] = r[1]
	}
	if want := keysOf("", reflect.TypeFor[config]()); !slices.Equal(got, want) {
		t.Errorf("the README has the keys\n%q, the code\n%q", got, want)
	}
	caps := agent.DefaultCaps()
	for key, want := range map[string]string{
		"database": databaseName, "secrets": storeName,
		"guard.caps.per_run": strconv.Itoa(caps.PerRun), "guard.caps.per_day": strconv.Itoa(caps.PerDay),
		"guard.caps.percent": fmt.Sprintf("%g", caps.PerRunPercent),
	} {
		if defaults[key] != want {
			t.Errorf("the README says that the default of %s is %q, the code %q", key, defaults[key], want)
		}
	}
	known, err := apps()
	if err != nil {
		t.Fatal(err)
	}
	example := strings.Join(marked(t, "checked: example"), "\n")
	if _, err := parseConfig(filepath.Join(t.TempDir(), configName), []byte(example), known); err != nil {
		t.Errorf("the README's example: %v", err)
	}
}

// keysOf returns the keys of the configuration, dotted, in the order of the code.
func keysOf(in string, typ reflect.Type) (keys []string) {
	for i := range typ.NumField() {
		f := typ.Field(i)
		name, ok := f.Tag.Lookup("yaml")
		if !ok {
			continue
		}
		switch {
		case f.Type.Kind() == reflect.Struct:
			keys = append(keys, keysOf(in+name+".", f.Type)...)
		case f.Type.Kind() == reflect.Map && f.Type.Elem().Kind() == reflect.Struct:
			keys = append(keys, keysOf(in+name+".NAME.", f.Type.Elem())...)
		default:
			keys = append(keys, in+name)
		}
	}
	return keys
}

func TestTheReadmesReferencesAreUnderstood(t *testing.T) {
	t.Parallel()
	for _, r := range table(t, "checked: references") {
		if err := secrets.NewResolver().Check(strings.Trim(r[0], "`")); err != nil {
			t.Errorf("%s: %v", r[0], err)
		}
	}
}

func TestTheReadmesShapesAreThoseThatArePrinted(t *testing.T) {
	t.Parallel()
	for mark, into := range map[string]any{
		"list": &listJSON{}, "write": &writeJSON{}, "check": &checkJSON{}, "sandbox": &sandboxJSON{}, "groups": &groupsJSON{},
	} {
		dec := json.NewDecoder(bytes.NewBufferString(strings.Join(marked(t, "json: "+mark), "\n")))
		dec.DisallowUnknownFields()
		if err := dec.Decode(into); err != nil {
			t.Errorf("json: %s: %v", mark, err)
		}
	}
}

var link = regexp.MustCompile(`\]\(([^)#:]+)\)`)

func TestTheReadmesLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	found := link.FindAllStringSubmatch(readme(t), -1)
	if len(found) == 0 {
		t.Fatal("the README has no links")
	}
	for _, m := range found {
		if _, err := os.Stat(filepath.Join(top, filepath.FromSlash(m[1]))); err != nil {
			t.Errorf("%s: %v", m[1], err)
		}
	}
}
