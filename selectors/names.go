package selectors

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Names are words to compare with: each is a whole text (case and white space folded), or, where
// it begins with "~", a regular expression (case folded) that is searched for.
type Names []string

// UnmarshalYAML takes one word or a list of words.
func (n *Names) UnmarshalYAML(unmarshal func(any) error) error {
	var one string
	if err := unmarshal(&one); err == nil {
		*n = Names{one}
		return n.check()
	}
	var many []string
	if err := unmarshal(&many); err != nil {
		return errors.New("want a word or a list of words")
	}
	*n = many
	return n.check()
}

func (n Names) check() error {
	if len(n) == 0 {
		return errors.New("an empty list of words matches nothing")
	}
	for _, w := range n {
		if strings.TrimSpace(strings.TrimPrefix(w, "~")) == "" {
			return errors.New("an empty word would match everything")
		}
		if re, ok := strings.CutPrefix(w, "~"); ok {
			if _, err := regexp.Compile("(?i)" + re); err != nil {
				return fmt.Errorf("%q: %w", w, err)
			}
		}
	}
	return nil
}

// Match tells whether s is one of the names.
func (n Names) Match(s string) bool {
	s = fold(s)
	for _, w := range n {
		if re, ok := strings.CutPrefix(w, "~"); ok {
			if m, err := regexp.MatchString("(?i)"+re, s); err == nil && m {
				return true
			}
		} else if fold(w) == s {
			return true
		}
	}
	return false
}

// String joins the names with "or".
func (n Names) String() string {
	q := make([]string, len(n))
	for i, w := range n {
		b, err := json.Marshal(w)
		if err != nil {
			b = []byte(w)
		}
		q[i] = string(b)
	}
	return strings.Join(q, " or ")
}

func fold(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }

// Map returns our word for the console's, and whether it is known.
func (w Words) Map(list, word string) (string, bool) {
	m := w.Roles
	if list == "states" {
		m = w.States
	}
	word = fold(word)
	for theirs, ours := range m {
		if fold(theirs) == word {
			return ours, true
		}
	}
	return "unknown", false
}

// Theirs returns the console's words for our role, sorted by the sheet's spelling, for choosing it
// in a form.
func (w Words) Theirs(role string) Names {
	var out Names
	for theirs, ours := range w.Roles {
		if ours == role {
			out = append(out, theirs)
		}
	}
	slices.Sort(out)
	return out
}
