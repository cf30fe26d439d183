package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// A planted secret is looked for in everything that usher writes.
type planted struct {
	name, value string
}

// An artifact is something that usher left or said.
type artifact struct {
	name string
	b    []byte
}

// leaks names every secret that stands in an artifact, in whichever disguise. It never prints one.
func leaks(all []artifact, secrets []planted) (found []string) {
	for _, s := range secrets {
		for form, as := range disguises(s.value) {
			for _, a := range all {
				if stands(a.b, form, s.value) {
					found = append(found, fmt.Sprintf("%s stands in %s, %s", s.name, a.name, as))
				}
			}
		}
	}
	for _, a := range all {
		if tokenForm.Match(a.b) {
			found = append(found, "a token of a stand-in stands in "+a.name)
		}
	}
	return found
}

// tokenForm is what the stand-ins' sessions, tickets and half-done sign-ins look like: nothing of usher's
// own does.
var tokenForm = regexp.MustCompile(`(?:^|[^A-Za-z0-9+/])(?:[A-Z2-7]{26}|[A-Z2-7]{52})(?:[^A-Za-z0-9+/]|$)`)

var sixDigits = regexp.MustCompile(`^[0-9]{6}$`)

// stands says whether the form is in b. Six digits alone are no rarity: a code counts where it is a
// word of its own.
func stands(b []byte, form, value string) bool {
	if !sixDigits.MatchString(value) || form != value {
		return bytes.Contains(b, []byte(form))
	}
	return bytes.Contains(b, []byte(form)) && regexp.MustCompile(`(?:^|[^A-Za-z0-9_.+/-])`+form+`(?:[^A-Za-z0-9_.+/-]|$)`).Match(b)
}

// disguises are the secret as it is, in hex, in base64 wherever it stands in a longer text, and
// escaped for URLs, JSON, HTML and Go: each with its name.
func disguises(s string) map[string]string {
	forms := map[string]string{
		"plain": s, "in hex": hex.EncodeToString([]byte(s)), "in upper-case hex": strings.ToUpper(hex.EncodeToString([]byte(s))),
		"escaped for a URL's query": url.QueryEscape(s), "escaped for a URL's path": url.PathEscape(s), "escaped for HTML": html.EscapeString(s),
		"quoted": strings.Trim(strconv.Quote(s), `"`),
	}
	percent := ""
	for _, b := range []byte(s) {
		percent += fmt.Sprintf("%%%02X", b)
	}
	forms["escaped byte by byte"] = percent
	forms["escaped byte by byte, lower case"] = strings.ToLower(percent)
	if b, err := json.Marshal(s); err == nil {
		forms["in JSON"] = strings.Trim(string(b), `"`)
	}
	for shift := range 3 {
		for name, enc := range map[string]*base64.Encoding{"base64": base64.RawStdEncoding, "base64 for URLs": base64.RawURLEncoding} {
			// The letters at both ends hold bits of the neighbours.
			whole := enc.EncodeToString(append(make([]byte, shift), s...))
			from := (shift*8 + 5) / 6
			to := (shift + len(s)) * 8 / 6
			forms[fmt.Sprintf("in %s, shifted by %d", name, shift)] = whole[from:to]
		}
	}
	names := map[string]string{}
	for name, form := range forms { // many a secret needs no escape
		if form != s || name == "plain" {
			names[form] = name
		}
	}
	return names
}

// A search that finds nothing anywhere proves nothing.
func TestTheSearchForSecretsFindsThemInEveryDisguise(t *testing.T) {
	t.Parallel()
	const secret, code = `Correct horse+/%&="`, "093157"
	pad := func(n int) string { return strings.Repeat("x", n) }
	asJSON, err := json.Marshal(map[string]string{"note": "typed " + secret})
	if err != nil {
		t.Fatal(err)
	}
	for name, canary := range map[string]string{
		"plain":             "the password is " + secret + ".",
		"hex":               "0x" + hex.EncodeToString([]byte(secret)),
		"base64":            base64.StdEncoding.EncodeToString([]byte(secret)),
		"base64, 1 off":     base64.StdEncoding.EncodeToString([]byte(pad(1) + secret + pad(5))),
		"base64, 2 off":     base64.URLEncoding.EncodeToString([]byte(pad(2) + secret + pad(4))),
		"base64 in a photo": "data:image/png;base64," + base64.StdEncoding.EncodeToString([]byte(pad(3001)+secret+pad(99))),
		"query":             "https://example.com/?q=" + url.QueryEscape(secret),
		"path":              "https://example.com/" + url.PathEscape(secret),
		"JSON":              string(asJSON),
		"HTML":              "<td>" + html.EscapeString(secret) + "</td>",
		"Go":                fmt.Sprintf("%q", secret),
		"arguments":         "usher\x00--password\x00" + secret + "\x00",
	} {
		if got := leaks([]artifact{{name, []byte(canary)}}, []planted{{"the password", secret}}); len(got) == 0 {
			t.Errorf("not found: %s", name)
		}
	}
	for _, canary := range []string{"typed 093157", `{"code":"093157"}`, base64.StdEncoding.EncodeToString([]byte(" 093157"))} {
		if got := leaks([]artifact{{"a code", []byte(canary)}}, []planted{{"the code", code}}); len(got) == 0 {
			t.Errorf("not found: the code in %s", canary)
		}
	}
	if got := leaks([]artifact{{"a ticket", []byte("/welcome?ticket=ABCDEFGHIJKLMNOPQRSTUVWXYZ&x=1")}}, nil); len(got) != 1 {
		t.Error("not found: a ticket")
	}
	harmless := []artifact{{"usr_093157 at 10:00:00.093157", []byte("usr_093157 at 10:00:00.093157, of 1093157")}}
	if got := leaks(harmless, []planted{{"the code", code}, {"the password", secret}}); len(got) != 0 {
		t.Errorf("found where nothing is: %v", got)
	}
}
