package selectors

import (
	"fmt"
	"slices"
	"strings"
)

// A Set is all versions of an app's sheet, oldest first.
type Set struct {
	App    string
	Sheets []*Sheet
	bytes  string
}

// Digest of the bytes of all files of the set: a plan is bound to it.
func (s *Set) Digest() string { return s.bytes }

// Newest returns the latest version.
func (s *Set) Newest() *Sheet { return s.Sheets[len(s.Sheets)-1] }

// A Misfit says that no version describes a page, or that more than one does.
type Misfit struct {
	App, Page string
	Fits      []string            // the versions that fit
	Missing   map[string][]string // by version: landmarks that were not there
}

func (m *Misfit) Error() string {
	if len(m.Fits) > 1 {
		return fmt.Sprintf("page %q of %s fits more than one sheet: %s", m.Page, m.App, strings.Join(m.Fits, ", "))
	}
	if len(m.Missing) == 0 {
		return fmt.Sprintf("no sheet of %s has a page %q", m.App, m.Page)
	}
	var parts []string
	for v, names := range m.Missing {
		parts = append(parts, v+" lacks "+strings.Join(names, ", "))
	}
	slices.Sort(parts)
	return fmt.Sprintf("page %q of %s fits no sheet: %s", m.Page, m.App, strings.Join(parts, "; "))
}

// Choose returns the version whose landmarks of the page are all there. Versions that describe
// the page in the same way count as one, the newest of them. None, or two that differ, is a
// [Misfit]: never a guess. seen is asked once for each description of an element.
func (s *Set) Choose(page string, seen func(sh *Sheet, element string) (bool, error)) (*Sheet, error) {
	known := map[string]bool{}
	misfit := &Misfit{App: s.App, Page: page, Missing: map[string][]string{}}
	var fits []*Sheet
	for _, sh := range s.Sheets {
		p, ok := sh.Pages[page]
		if !ok {
			continue
		}
		var missing []string
		for _, name := range p.Landmark {
			d := sh.Digest(name)
			there, asked := known[d]
			if !asked {
				var err error
				if there, err = seen(sh, name); err != nil {
					return nil, err
				}
				known[d] = there
			}
			if !there {
				missing = append(missing, name)
			}
		}
		if len(missing) > 0 {
			misfit.Missing[sh.ID()] = missing
			continue
		}
		// A later version that describes the page alike takes the earlier one's place.
		fits = slices.DeleteFunc(fits, func(o *Sheet) bool { return o.describes(page) == sh.describes(page) })
		fits = append(fits, sh)
	}
	if len(fits) == 1 {
		return fits[0], nil
	}
	for _, f := range fits {
		misfit.Fits = append(misfit.Fits, f.ID())
	}
	return nil, misfit
}

// Eldest returns the oldest version that describes the page as sh does: what is read there holds
// from that version on.
func (s *Set) Eldest(page string, sh *Sheet) *Sheet {
	for _, o := range s.Sheets {
		if _, ok := o.Pages[page]; ok && o.describes(page) == sh.describes(page) {
			return o
		}
	}
	return sh
}

// describes returns a digest of all that the sheet says of a page: the page itself, every element
// whose name has one of its landmarks' prefixes (up to the first dot), with its containers, and the
// table of that name, with the elements it leads to and the words that its columns are read by.
func (s *Sheet) describes(page string) string {
	p := s.Pages[page]
	what := []any{p}
	prefixes := map[string]bool{page: true}
	for _, n := range p.Landmark {
		what = append(what, s.Digest(n))
		prefix, _, _ := strings.Cut(n, ".")
		prefixes[prefix] = true
	}
	names := make([]string, 0, len(s.Elements))
	for n := range s.Elements {
		if prefix, _, _ := strings.Cut(n, "."); prefixes[prefix] {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	for _, n := range names {
		what = append(what, s.Digest(n))
	}
	if t, ok := s.Tables[page]; ok {
		what = append(what, t, s.Words)
		for _, n := range t.elements() {
			what = append(what, s.Digest(n))
		}
	}
	return digest(what)
}
