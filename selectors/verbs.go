package selectors

import (
	"regexp"
	"slices"
	"sort"
	"strings"
)

// The classes of verb. They are different acts: where only another class is found, a flow stops.
// The order matters: "re-invite" is looked for before "invite" and takes the word away, and so is
// "de-activate" before "activate".
var verbs = []struct {
	class string
	re    *regexp.Regexp
}{
	{"reinvite", regexp.MustCompile(`(?i)\b(re-?invit(e|es|ed|ation)|re-?send(s|ing)?( \w+)? invit\w+|re-?send)\b`)},
	{"invite", regexp.MustCompile(`(?i)\b(invite|send invit\w+|add (a )?(new )?(user|users|member|members|people|person|teammate|teammates))\b`)},
	{"deactivate", regexp.MustCompile(`(?i)\b(de-?activat(e|es|ed|ing|ion)|disable)\b`)},
	{"reactivate", regexp.MustCompile(`(?i)\b(re-?activate|re-?enable|activate|enable|restore|un-?suspend|un-?archive)\b`)},
	{"revoke", regexp.MustCompile(`(?i)\b(revok(e|es|ed|ing))\b`)},
	{"remove", regexp.MustCompile(`(?i)\b(remov(e|es|ed|ing))\b`)},
	{"delete", regexp.MustCompile(`(?i)\b(delet(e|es|ed|ing)|erase|destroy)\b`)},
	{"suspend", regexp.MustCompile(`(?i)\b(suspend|block|lock)\b`)},
	{"archive", regexp.MustCompile(`(?i)\b(archive)\b`)},
	{"reset", regexp.MustCompile(`(?i)\b(reset)\b`)},
	{"impersonate", regexp.MustCompile(`(?i)\b(impersonate|log ?in as|sign ?in as)\b`)},
}

// Verbs returns the classes of verb that a label speaks of, sorted; none for a label like "Next".
func Verbs(label string) []string {
	var out []string
	for _, v := range verbs {
		if v.re.MatchString(label) {
			out = append(out, v.class)
			label = v.re.ReplaceAllString(label, " ")
		}
	}
	sort.Strings(out)
	return out
}

// KnownVerb tells whether class is one of the classes of verb.
func KnownVerb(class string) bool {
	for _, v := range verbs {
		if v.class == class {
			return true
		}
	}
	return false
}

// VerbPattern returns a regular expression (without flags) that a text speaking of the class
// matches; "" for no class.
func VerbPattern(class string) string {
	for _, v := range verbs {
		if v.class == class {
			return strings.TrimPrefix(v.re.String(), "(?i)")
		}
	}
	return ""
}

// Takes tells whether acts of the class take something away, or let somebody in.
func Takes(class string) bool {
	return slices.Contains([]string{"deactivate", "revoke", "remove", "delete", "suspend", "archive", "impersonate"}, class)
}
