package selectors

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

//go:embed */*.yaml
var embedded embed.FS

// Load returns the versions of an app's sheet: the embedded ones, overlaid by the files in
// overlay/<app>/ (a file of the same name takes the place of ours). An empty overlay is none; a
// folder that is not there is an error, so that a typing error is not silently "no overlay".
func Load(app, overlay string) (*Set, error) {
	files := map[string][]byte{}
	if err := collect(embedded, app, "", files); err != nil {
		return nil, err
	}
	if overlay != "" {
		info, err := os.Stat(overlay)
		if err != nil {
			return nil, fmt.Errorf("open the folder of selector sheets: %w", err)
		}
		if !info.IsDir() {
			return nil, fmt.Errorf("open the folder of selector sheets: %s is no folder", overlay)
		}
		if err := collect(os.DirFS(overlay), app, overlay+"/", files); err != nil {
			return nil, err
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no selector sheet for the app %q", app)
	}
	return New(app, files)
}

func collect(fsys fs.FS, app, prefix string, into map[string][]byte) error {
	entries, err := fs.ReadDir(fsys, app)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // an overlay need not have every app
	}
	if err != nil {
		return fmt.Errorf("look for sheets of %q: %w", app, err)
	}
	for _, e := range entries {
		name := path.Join(app, e.Name())
		switch path.Ext(name) {
		case ".yaml":
		case ".yml": // would else be passed over without a word
			return fmt.Errorf("%s%s: a sheet's name ends in .yaml", prefix, name)
		default:
			continue
		}
		b, err := fs.ReadFile(fsys, name)
		if err != nil {
			return fmt.Errorf("read sheet: %w", err)
		}
		for old := range into {
			if path.Base(old) == path.Base(name) {
				delete(into, old)
			}
		}
		into[prefix+name] = b
	}
	return nil
}

// New makes a set from the files of one app. The keys are the names shown in errors.
func New(app string, files map[string][]byte) (*Set, error) {
	set := &Set{App: app, bytes: digest(files)}
	raw := map[int]*Sheet{}
	for _, file := range slices.Sorted(maps.Keys(files)) {
		s, err := parse(file, files[file])
		if err != nil {
			return nil, err
		}
		if s.App != app {
			return nil, fmt.Errorf("%s: the sheet is of app %q, in the folder of %q", file, s.App, app)
		}
		if other := raw[s.Version]; other != nil {
			return nil, fmt.Errorf("%s: version %d stands in %s already", file, s.Version, other.file)
		}
		raw[s.Version] = s
	}
	for _, v := range slices.Sorted(maps.Keys(raw)) {
		s := raw[v]
		if s.From != 0 {
			base := raw[s.From]
			if base == nil || s.From >= s.Version {
				return nil, fmt.Errorf("%s: from %d: there is no such older version", s.file, s.From)
			}
			s.inherit(base)
		}
		if err := s.check(); err != nil {
			return nil, fmt.Errorf("%s: %w", s.file, err)
		}
		set.Sheets = append(set.Sheets, s)
	}
	return set, nil
}

// parse decodes one file. Errors carry line and column.
func parse(file string, b []byte) (*Sheet, error) {
	s := &Sheet{file: file}
	d := yaml.NewDecoder(bytes.NewReader(b), yaml.Strict())
	if err := d.Decode(s); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%s: the sheet is empty", file)
		}
		return nil, fmt.Errorf("%s: %s", file, strings.TrimSpace(yaml.FormatError(err, false, true)))
	}
	var rest any
	if err := d.Decode(&rest); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: a sheet is one document, here is a second", file)
	}
	return s, nil
}

// inherit fills in what s does not say from base. An element, page or table is taken whole.
func (s *Sheet) inherit(base *Sheet) {
	s.Pages = under(base.Pages, s.Pages)
	s.Elements = under(base.Elements, s.Elements)
	s.Tables = under(base.Tables, s.Tables)
	s.Acts = under(base.Acts, s.Acts)
	s.Words.Roles = under(base.Words.Roles, s.Words.Roles)
	s.Words.States = under(base.Words.States, s.Words.States)
}

func under[V any](base, over map[string]V) map[string]V {
	out := maps.Clone(base)
	if out == nil {
		out = map[string]V{}
	}
	maps.Copy(out, over)
	return out
}

// check finds what strict decoding cannot: names that lead nowhere.
func (s *Sheet) check() error {
	if s.Version < 1 {
		return errors.New("version: want a number from 1 up")
	}
	if s.Since == "" {
		return errors.New("since: want the day from which this version is believed")
	}
	for _, n := range slices.Sorted(maps.Keys(s.Elements)) {
		if err := s.checkElement(n); err != nil {
			return fmt.Errorf("elements.%s: %w", n, err)
		}
	}
	for _, n := range slices.Sorted(maps.Keys(s.Pages)) {
		p := s.Pages[n]
		if len(p.Landmark) == 0 {
			return fmt.Errorf("pages.%s: without a landmark the page cannot be known", n)
		}
		if err := s.names(append(slices.Clone(p.Landmark), p.Via...)...); err != nil {
			return fmt.Errorf("pages.%s: %w", n, err)
		}
		if err := s.checkWay(n); err != nil {
			return fmt.Errorf("pages.%s: %w", n, err)
		}
		if _, err := regexp.Compile(p.URL); err != nil {
			return fmt.Errorf("pages.%s: url: %w", n, err)
		}
		if err := checkBasis(p.Basis, p.Source); err != nil {
			return fmt.Errorf("pages.%s: %w", n, err)
		}
	}
	for _, n := range slices.Sorted(maps.Keys(s.Tables)) {
		if err := s.checkTable(s.Tables[n]); err != nil {
			return fmt.Errorf("tables.%s: %w", n, err)
		}
	}
	for _, order := range slices.Sorted(maps.Keys(s.Acts)) {
		for _, class := range []string{order, s.Acts[order]} {
			if !KnownVerb(class) {
				return fmt.Errorf("acts: no class of verb %q", class)
			}
		}
	}
	for list, words := range map[string]map[string]string{"roles": s.Words.Roles, "states": s.Words.States} {
		if err := checkWords(words); err != nil {
			return fmt.Errorf("words.%s: %w", list, err)
		}
	}
	for _, theirs := range slices.Sorted(maps.Keys(s.Words.States)) {
		ours := s.Words.States[theirs]
		if !slices.Contains([]string{"active", "invited", "invite_expired", "deactivated"}, ours) {
			return fmt.Errorf("words.states: %q: no state %q", theirs, ours)
		}
	}
	return nil
}

// checkWay makes sure that following start leads from page to page to one with an address, and
// not round in a circle.
func (s *Sheet) checkWay(name string) error {
	if p := s.Pages[name]; len(p.Via) > 0 && p.Start == "" {
		return errors.New("via: say from which page (start)")
	}
	seen := map[string]bool{name: true}
	for n := s.Pages[name].Start; n != ""; n = s.Pages[n].Start {
		if _, ok := s.Pages[n]; !ok {
			return fmt.Errorf("start: no page %q", n)
		}
		if seen[n] {
			return errors.New("start: the pages go round in a circle")
		}
		seen[n] = true
	}
	return nil
}

// checkWords refuses two spellings of one word that mean different things: which of them counted
// would be chance.
func checkWords(words map[string]string) error {
	seen := map[string]string{}
	for _, theirs := range slices.Sorted(maps.Keys(words)) {
		ours, word := words[theirs], fold(theirs)
		if word == "" || ours == "" {
			return fmt.Errorf("%q: %q: an empty word", theirs, ours)
		}
		if other, ok := seen[word]; ok && other != ours {
			return fmt.Errorf("%q means both %q and %q", theirs, other, ours)
		}
		seen[word] = ours
	}
	return nil
}

func (s *Sheet) checkElement(name string) error {
	e := s.Elements[name]
	if len(e.Find) == 0 {
		return errors.New("find: want at least one candidate")
	}
	for i, c := range e.Find {
		kinds := 0
		for _, set := range []bool{c.Role != "", len(c.Label) > 0, len(c.Text) > 0, len(c.Hint) > 0,
			c.Test != "", c.Attr != "", c.CSS != ""} {
			if set {
				kinds++
			}
		}
		if kinds != 1 || (len(c.Name) > 0 && c.Role == "") {
			return fmt.Errorf("find[%d]: want exactly one kind (a name goes with a role)", i)
		}
		if c.Attr != "" && !strings.Contains(c.Attr, "=") {
			return fmt.Errorf("find[%d]: attr: want name=value", i)
		}
	}
	if e.Verb != "" && !KnownVerb(e.Verb) {
		return fmt.Errorf("verb: no class of verb %q", e.Verb)
	}
	if e.Writes && e.Verb == "" {
		return errors.New("writes: say of which verb")
	}
	for n, i := e.In, 0; n != ""; i++ {
		if err := s.names(n); err != nil {
			return fmt.Errorf("in: %w", err)
		}
		if i > 10 {
			return errors.New("in: the containers go round in a circle")
		}
		n = s.Elements[n].In
	}
	return checkBasis(e.Basis, e.Source)
}

func (s *Sheet) checkTable(t Table) error {
	if err := s.names(t.elements()...); err != nil {
		return err
	}
	for _, n := range []string{t.Paging.Next, t.Paging.Number, t.Paging.More, t.Paging.Sort} {
		if e := s.Elements[n]; e.Writes || e.Verb != "" {
			return fmt.Errorf("paging: %s belongs to a verb, and what pages is pressed without asking", n)
		}
	}
	if t.In == "" {
		return errors.New("in: want the element that holds the rows")
	}
	if _, ok := t.Columns[t.Key]; !ok {
		return fmt.Errorf("key: no column %q", t.Key)
	}
	for _, re := range []string{t.Total.Pattern, t.Tap.URL} {
		if _, err := regexp.Compile(re); err != nil {
			return err
		}
	}
	for n, c := range t.Columns {
		if len(c.Header) == 0 {
			return fmt.Errorf("columns.%s: want a header", n)
		}
		if !slices.Contains([]string{"", "email", "first"}, c.Take) {
			return fmt.Errorf("columns.%s: take: want email or first", n)
		}
		if !slices.Contains([]string{"", "roles", "states"}, c.Words) {
			return fmt.Errorf("columns.%s: words: want roles or states", n)
		}
		if _, err := regexp.Compile(c.Pattern); err != nil {
			return fmt.Errorf("columns.%s: pattern: %w", n, err)
		}
		if err := checkBasis(c.Basis, c.Source); err != nil {
			return fmt.Errorf("columns.%s: %w", n, err)
		}
	}
	return nil
}

func (s *Sheet) names(names ...string) error {
	for _, n := range names {
		if _, ok := s.Elements[n]; !ok {
			return fmt.Errorf("no element %q", n)
		}
	}
	return nil
}

func checkBasis(b Basis, source string) error {
	switch b {
	case Assumed:
		return nil
	case Documented, Seen:
		if source == "" {
			return fmt.Errorf("basis %s: want its source", b)
		}
		return nil
	}
	return fmt.Errorf("basis: want documented, seen or assumed, not %q", b)
}

// elements returns the names that the table leads to.
func (t Table) elements() []string {
	all := []string{t.In, t.Total.Element, t.Paging.Next, t.Paging.Number, t.Paging.More, t.Paging.Sort, t.Empty}
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
}
