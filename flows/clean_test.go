package flows

import (
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestCleanTakesTheHarmOutOfAStrangersText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, in, want string }{
		{"plain", "Ana María Łopez", "Ana María Łopez"},
		{"terminal escapes", "\x1b[31mAna\x1b]0;owned\x07\u009b2J", "[31mAna]0;owned2J"},
		{"bidirectional override", "a\u202eb\u2066c\u200fd", "abcd"},
		{"zero width", "a\u200bn\u200da\ufeff\u00ad", "ana"},
		{"private use", "\ue5cdclose\U000f0001", "close"},
		{"new lines", "Ana\r\n\tLopez\u2028x\u0085y", "Ana Lopez x y"},
		{"spaces at the ends", " \u00a0 Ana \u3000", "Ana"},
		{"a control between spaces", "a \x00 b", "a b"},
		{"a control within a word", "a\x00b", "ab"},
		{"bad UTF-8", "a\xff\xfeb\ufffd", "ab"},
		{"tags", "a\U000e0041b", "ab"},
		{"markup stays", "<b>=1+1", "<b>=1+1"},
		{"other scripts", "日本語 한국어 🙂", "日本語 한국어 🙂"},
		{"nothing", "\x00\u200b \n", ""},
		{"the limit", strings.Repeat("é", 600), strings.Repeat("é", 500)},
		{"a gap at the limit", strings.Repeat("a", 499) + " bc", strings.Repeat("a", 499)},
		{"a gap behind the limit", strings.Repeat("a", 500) + " b", strings.Repeat("a", 500)},
		{"a gap before the limit", strings.Repeat("a", 498) + " bc", strings.Repeat("a", 498) + " b"},
	} {
		if got := Clean(c.in); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestCleanedTextIsOneHarmlessLine(t *testing.T) {
	t.Parallel()
	hostile := rapid.StringOf(rapid.OneOf(rapid.Rune(), rapid.RuneFrom([]rune(" \t\n\x1b\u202e\u200b\ue000\u0085aé<="))))
	rapid.Check(t, func(t *rapid.T) {
		in := hostile.Draw(t, "in")
		if rapid.Bool().Draw(t, "long") {
			in = strings.Repeat(in+" ", 1+500/(1+len(in))) + in
		}
		if rapid.Bool().Draw(t, "broken") {
			in = string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")) + in
		}
		out := Clean(in)
		if Clean(out) != out {
			t.Fatalf("a second time it is another: %q, %q", out, Clean(out))
		}
		if n := utf8.RuneCountInString(out); n > 500 || !utf8.ValidString(out) {
			t.Fatalf("%d characters, valid %v", n, utf8.ValidString(out))
		}
		for _, r := range out {
			if r != ' ' && (!unicode.IsPrint(r) || unicode.IsSpace(r) || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp)) {
				t.Fatalf("%U is left in %q", r, out)
			}
		}
		if strings.TrimSpace(out) != out || strings.Contains(out, "  ") {
			t.Fatalf("white space is left in %q", out)
		}
	})
}

// The quick way for text that is harmless already must not let through what the long way takes out.
func TestTextThatIsCalledCleanIsLeftAsItIsByTheLongWayToo(t *testing.T) {
	t.Parallel()
	known := 0
	check := func(s string) {
		if Clean(s) != wash(s) {
			t.Errorf("%q becomes %q, and %q the long way", s, Clean(s), wash(s))
		}
		if isClean(s) {
			known++
		}
	}
	for _, s := range []string{"", " ", "a", "a ", " a", "a b", "a  b", "a\tb", "a\x7fb", "a\u00a0b", "é", strings.Repeat("a", 500), strings.Repeat("a", 501), strings.Repeat("a ", 250), strings.Repeat("a ", 250) + "b"} {
		check(s)
	}
	for a := range 256 {
		for b := range 256 {
			check(string([]byte{byte(a), byte(b)}))
			check("x" + string([]byte{byte(a), byte(b)}) + "x")
		}
	}
	if known < 2*94*94 {
		t.Errorf("only %d texts took the quick way", known)
	}
	plain := rapid.StringOf(rapid.RuneFrom([]rune(" ab~!\x1f\x7f\u00a0")))
	rapid.Check(t, func(t *rapid.T) {
		if s := strings.Repeat(plain.Draw(t, "text"), rapid.IntRange(1, 60).Draw(t, "times")); Clean(s) != wash(s) {
			t.Fatalf("%q becomes %q, and %q the long way", s, Clean(s), wash(s))
		}
	})
}

func TestAnAddressIsOneBareAddressInLowerCase(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"ana@example.com":                "ana@example.com",
		"  Ana.Lopez@EXAMPLE.com\n":      "ana.lopez@example.com",
		"ana+usher@example.co.uk":        "ana+usher@example.co.uk",
		"o'hara_x-1@example.com":         "o'hara_x-1@example.com",
		"Ünal@exämple.de":                "ünal@exämple.de",
		strings.Repeat("a", 64) + "@b.c": strings.Repeat("a", 64) + "@b.c",
	} {
		if got, err := Address(in); err != nil || got != want {
			t.Errorf("%q gives %q, %v", in, got, err)
		}
	}
	for name, in := range map[string]string{
		"nothing":           "",
		"white space":       " \t",
		"no at":             "ana",
		"two at":            "ana@b@example.com",
		"no local part":     "@example.com",
		"no domain":         "ana@",
		"short domain":      "ana@localhost",
		"domain ends":       "ana@example.com.",
		"domain begins":     "ana@.com",
		"double dot":        "a..b@example.com",
		"display name":      "Ana <ana@example.com>",
		"angle brackets":    "<ana@example.com>",
		"quoted local part": `"ana lopez"@example.com`,
		"comment":           "ana(x)@example.com",
		"list":              "ana@example.com,bob@example.com",
		"list by semicolon": "ana@example.com;bob@example.com",
		"two words":         "ana@example.com bob@example.com",
		"new line within":   "ana\n@example.com",
		"header injection":  "ana@example.com\r\nBcc: bob@example.com",
		"escape":            "ana\x1b[2J@example.com",
		"nul":               "ana@example.com\x00",
		"zero width":        "an\u200ba@example.com",
		"override":          "ana@\u202eexample.com",
		"bad UTF-8":         "an\xffa@example.com",
		"address literal":   "ana@[127.0.0.1]",
		"too long":          strings.Repeat("a", 251) + "@b.c",
		"too long as lower": strings.Repeat("Ⱥ", 125) + "@b.c",
		"Kelvin sign":       "\u212aim@example.com",
		"dotted I":          "\u0130van@example.com",
	} {
		got, err := Address(in)
		var e *Error
		if !errors.As(err, &e) || e.Code != Invalid || e.Hint == "" || got != "" {
			t.Errorf("%s: %q gives %q, %v", name, in, got, err)
			continue
		}
		if Clean(e.Msg) != e.Msg && len(in) < 300 {
			t.Errorf("%s: the text carries on what was typed: %q", name, e.Msg)
		}
	}
}

// FuzzAddress: what is accepted is one bare address in lower case, without control characters, and
// accepted as it is a second time; what is refused is refused as invalid.
func FuzzAddress(f *testing.F) {
	for _, s := range []string{"ana@example.com", " Ana@Example.COM ", "Ana <ana@example.com>", "a,b@c.d", "\u212a@b.c", "a@b.c\x00", "a(c)@b.d", "=?utf-8?q?a?=@b.c",
		strings.Repeat("Ⱥ", 120) + "@b.c", `"a b"@c.d`, "a@[1.2.3.4]", "\xff@b.c", "İ@b.c", "ΑΣ@b.c", "a@b.c."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := Address(s)
		if err != nil {
			if got != "" || CodeOf(err) != Invalid || HintOf(err) == "" {
				t.Errorf("refused as %q, %v", got, err)
			}
			return
		}
		if strings.ToLower(got) != got || strings.Count(got, "@") != 1 || len(got) > 254 {
			t.Errorf("%q became %q", s, got)
		}
		if strings.ContainsAny(got, " <>,;\"()[]") || strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsPrint(r) }) || Clean(got) != got {
			t.Errorf("%q became %q, which holds more than an address", s, got)
		}
		if again, err := Address(got); err != nil || again != got {
			t.Errorf("%q became %q, then %q, %v", s, got, again, err)
		}
		if !SameAddress(s, got) {
			t.Errorf("%q became %q, which is another address", s, got)
		}
	})
}
