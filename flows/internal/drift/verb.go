package drift

import (
	"regexp"
	"slices"

	"github.com/usherhq/usher/selectors"
)

// What selectors does not class, for it writes nothing by itself: the steps on the way to an act, and
// the ways about. One of them is as little another as "remove" is "suspend".
var steps = []struct {
	class string
	re    *regexp.Regexp
}{
	{"save", regexp.MustCompile(`(?i)\b(save|apply|update)\b`)},
	{"cancel", regexp.MustCompile(`(?i)\b(cancel|discard|dismiss|close|keep)\b`)},
	{"edit", regexp.MustCompile(`(?i)\b(edit|change|modify|rename)\b`)},
	{"export", regexp.MustCompile(`(?i)\b(export|download)\b`)},
	{"import", regexp.MustCompile(`(?i)\b(import|upload)\b`)},
	{"copy", regexp.MustCompile(`(?i)\b(copy|duplicate|clone)\b`)},
	{"next", regexp.MustCompile(`(?i)^(next|forward)\b`)},
	{"previous", regexp.MustCompile(`(?i)^(prev|previous|back)\b`)},
	{"sign out", regexp.MustCompile(`(?i)\b(sign|log) ?(out|off)\b`)},
	{"sign up", regexp.MustCompile(`(?i)\b(sign ?up|register)\b`)},
	{"sign in", regexp.MustCompile(`(?i)\b(sign|log) ?(in|on)\b`)},
}

// verbs returns the classes that the element's own words speak of: acts, as selectors classes them,
// and steps.
func (p Print) verbs() (acts, others []string) {
	for _, s := range []string{p.Name, p.Text, p.Title, p.Alt} {
		acts = append(acts, selectors.Verbs(s)...)
		for _, v := range steps {
			if v.re.MatchString(s) {
				others = append(others, v.class)
			}
		}
	}
	slices.Sort(acts)
	slices.Sort(others)
	return slices.Compact(acts), slices.Compact(others)
}

// otherVerb says which act or step a candidate speaks of that the old element, or the class that it
// belongs to in the sheet, does not; "" where they agree, or where one of them speaks of none.
func otherVerb(old, now Print, class string) string {
	was, wasStep := old.verbs()
	is, isStep := now.verbs()
	if class != "" && !slices.Contains(was, class) {
		was = append(was, class)
	}
	for _, v := range is {
		// Also where the old one spoke of no act: "More" that became "Delete" is another thing.
		if !slices.Contains(was, v) {
			return v
		}
	}
	if len(was) > 0 && len(is) == 0 && len(isStep) > 0 {
		return isStep[0]
	}
	if len(was) == 0 && len(wasStep) > 0 && len(isStep) > 0 && !slices.ContainsFunc(isStep, func(s string) bool { return slices.Contains(wasStep, s) }) {
		return isStep[0]
	}
	return ""
}
