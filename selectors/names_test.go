package selectors

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

func TestNamesMatchWholeTextsFoldedAndExpressionsAnywhere(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		names Names
		text  string
		want  bool
	}{
		{Names{"Add Users"}, "Add Users", true},
		{Names{"Add Users"}, "  add\n users ", true},
		{Names{"Add Users"}, "ADD\u00a0USERS", true},
		{Names{"Add Users"}, "Add Users now", false},
		{Names{"Add Users"}, "AddUsers", false},
		{Names{"Add User", "Add Users"}, "add users", true},
		{Names{"~^filters"}, "Filters (2)", true},
		{Names{"~^Filters"}, "filters", true},
		{Names{"~^filters"}, "More filters", false},
		{Names{"~code"}, "The CODE you got", true},
		{Names{"a.c"}, "abc", false},
		{Names{"~a.c"}, "xabcx", true},
		{Names{"a~c"}, "a~c", true},
		{nil, "", false},
		{nil, "anything", false},
		{Names{"Next"}, "", false},
	} {
		if got := c.names.Match(c.text); got != c.want {
			t.Errorf("%s on %q: %v", c.names, c.text, got)
		}
	}
	if got := (Names{"Add", `~"x"`}).String(); got != `"Add" or "~\"x\""` {
		t.Errorf("printed as %s", got)
	}
}

func TestAWordMayStandAloneOrInAList(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Names{"Next": {"Next"}, "[Next, More]": {"Next", "More"}, `"~^a"`: {"~^a"}} {
		var got Names
		if err := yaml.Unmarshal([]byte(text), &got); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s gives %v, %v", text, got, err)
		}
	}
}

func TestWordsOfTheConsoleAreMappedOrUnknown(t *testing.T) {
	t.Parallel()
	w := Words{Roles: map[string]string{"User Access Admin": "uaa", "Boss": "admin", "Admin": "admin"}, States: map[string]string{"Password Expired": "active"}}
	for _, c := range []struct {
		list, word, want string
		known            bool
	}{
		{"roles", "user access  ADMIN", "uaa", true},
		{"states", " Password expired", "active", true},
		{"states", "Boss", "unknown", false},
		{"roles", "Password Expired", "unknown", false},
		{"roles", "", "unknown", false},
	} {
		if got, known := w.Map(c.list, c.word); got != c.want || known != c.known {
			t.Errorf("%s %q: %s, %v", c.list, c.word, got, known)
		}
	}
	for range 20 { // maps have no order; the answer has
		if got := w.Theirs("admin"); !slices.Equal(got, Names{"Admin", "Boss"}) {
			t.Fatalf("theirs of admin: %v", got)
		}
	}
	if got := w.Theirs("nobody"); len(got) != 0 {
		t.Errorf("theirs of nobody: %v", got)
	}
}

// labels says for each label of which acts it speaks.
var labels = map[string][]string{
	"Invite":                     {"invite"},
	"Invite member":              {"invite"},
	"Add Users":                  {"invite"},
	"Add a new user":             {"invite"},
	"Send Invite":                {"invite"},
	"Send invitation":            {"invite"},
	"Re-invite User":             {"reinvite"},
	"Reinvite":                   {"reinvite"},
	"Resend invitation":          {"reinvite"},
	"Re-send the invite":         {"reinvite"},
	"Deactivate User":            {"deactivate"},
	"De-activate":                {"deactivate"},
	"Show deactivated users":     {"deactivate"},
	"Disable":                    {"deactivate"},
	"Reactivate":                 {"reactivate"},
	"Re-activate":                {"reactivate"},
	"Activate":                   {"reactivate"},
	"Unarchive":                  {"reactivate"},
	"Delete Person":              {"delete"},
	"DELETE USER":                {"delete"},
	"Remove":                     {"remove"},
	"Revoke Thoropass Access":    {"revoke"},
	"Suspend":                    {"suspend"},
	"Archive":                    {"archive"},
	"Reset MFA":                  {"reset"},
	"Log in as Ana":              {"impersonate"},
	"Deactivate and delete":      {"deactivate", "delete"},
	"Resend or revoke":           {"reinvite", "revoke"},
	"Next":                       nil,
	"Done":                       nil,
	"":                           nil,
	"Unblock":                    nil,
	"Address":                    nil,
	"Inviting tone of the blog?": nil,
}

func TestVerbsTellTheActsApart(t *testing.T) {
	t.Parallel()
	for label, want := range labels {
		if got := Verbs(label); !slices.Equal(got, want) {
			t.Errorf("%q speaks of %v, want %v", label, got, want)
		}
		if got := Verbs(strings.ToUpper(label)); !slices.Equal(got, want) {
			t.Errorf("%q in capitals speaks of %v, want %v", label, got, want)
		}
	}
}

func TestAVerbsPatternMatchesItsOwnClass(t *testing.T) {
	t.Parallel()
	sampled := map[string]bool{}
	for label, classes := range labels {
		for _, class := range classes {
			sampled[class] = true
			if !regexp.MustCompile("(?i)" + VerbPattern(class)).MatchString(label) {
				t.Errorf("the pattern of %s does not match %q", class, label)
			}
		}
	}
	for _, v := range verbs {
		if !sampled[v.class] || !KnownVerb(v.class) {
			t.Errorf("no label of class %s was tried, or it is not known", v.class)
		}
		if strings.Contains(VerbPattern(v.class), "(?") {
			t.Errorf("the pattern of %s has flags, which a browser does not know", v.class)
		}
	}
	if VerbPattern("zap") != "" || VerbPattern("") != "" || KnownVerb("zap") || KnownVerb("") {
		t.Error("a class that is none is known")
	}
	for class, want := range map[string]bool{"deactivate": true, "delete": true, "revoke": true, "remove": true, "suspend": true,
		"archive": true, "impersonate": true, "invite": false, "reinvite": false, "reactivate": false, "": false} {
		if Takes(class) != want {
			t.Errorf("Takes(%q) is %v", class, !want)
		}
	}
	// A dialog that gives access back must not pass for one that takes it away.
	for _, label := range []string{"Reactivate User", "Activate", "Re-activate"} {
		if regexp.MustCompile("(?i)" + VerbPattern("deactivate")).MatchString(label) {
			t.Errorf("the pattern of deactivate matches %q", label)
		}
	}
}

func TestACandidateIsSaidInOneLine(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]Candidate{
		`button "Add" or "New"`:   {Role: "button", Name: Names{"Add", "New"}},
		"grid":                    {Role: "grid"},
		`label "Email"`:           {Label: Names{"Email"}},
		`text "~^No"`:             {Text: Names{"~^No"}},
		`hint "Search"`:           {Hint: Names{"Search"}},
		"test id add":             {Test: "add"},
		"attribute type=password": {Attr: "type=password"},
		"css .a > b":              {CSS: ".a > b"},
	} {
		if got := c.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if got := (Candidate{}).Kind(); got != "" {
		t.Errorf("an empty candidate is of kind %s", got)
	}
}
