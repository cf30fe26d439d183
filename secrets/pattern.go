package secrets

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html"
	"net/url"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// A pattern is one text to look for, a letter at a time, each letter in any way in which URLs, JSON and HTML
// may write it. Trying letter by letter finds a secret of which an encoder escaped only some letters: Go,
// JavaScript and browsers do not agree on which.
type pattern struct {
	letters [][]string
	// The first and the last letter of a piece of base64 also hold bits of the neighbours' bytes, so they are
	// not in letters. This is how many to swallow on each side.
	before, after int
}

// patternsOf returns what to look for, to find secret: itself, in hex, and in base64 in each of the three
// positions that it may have in a longer text ("user:password"), with both alphabets.
func (a alphabet) patternsOf(secret string) []pattern {
	ways := map[string]pattern{secret: a.spell(secret)}
	add := func(text string, before, after int) {
		if _, known := ways[text]; !known {
			p := a.spell(text)
			p.before, p.after = before, after
			ways[text] = p
		}
	}
	add(hex.EncodeToString([]byte(secret)), 0, 0)
	add(strings.ToUpper(hex.EncodeToString([]byte(secret))), 0, 0)
	for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for shift := range 3 {
			text := enc.EncodeToString(append(make([]byte, shift), secret...))
			bits := 8 * (shift + len(secret))
			skip := (8*shift + 5) / 6 // letters that hold bits of what stands before
			whole := bits / 6         // letters that hold none of what follows
			before, after := 0, 0
			if 8*shift%6 != 0 {
				before = 1
			}
			if bits%6 != 0 {
				after = 1
			}
			add(text[skip:whole], before, after)
		}
	}
	all := make([]pattern, 0, len(ways))
	for _, p := range ways {
		all = append(all, p)
	}
	return all
}

// An alphabet holds the spellings of the letters that were met, so that patterns share them.
type alphabet map[string][]string

func (a alphabet) spell(text string) pattern {
	p := pattern{letters: make([][]string, 0, len(text))}
	for len(text) > 0 {
		_, n := utf8.DecodeRuneInString(text)
		letter := text[:n]
		if a[letter] == nil {
			a[letter] = spellings(letter)
		}
		p.letters = append(p.letters, a[letter])
		text = text[n:]
	}
	return p
}

// spellings returns the ways to write one letter: itself, escaped once, and escaped twice (JSON in a URL, a
// URL in HTML, JSON in JSON).
func spellings(letter string) []string {
	all := []string{letter}
	for range 2 {
		for _, text := range slices.Clone(all) {
			all = append(all, escapes(text)...)
		}
		slices.Sort(all)
		all = slices.Compact(all)
	}
	return all
}

// escapes returns text as a URL, JSON and HTML may hold it.
func escapes(text string) []string {
	all := []string{
		url.QueryEscape(text), url.PathEscape(text),
		html.EscapeString(text), jsonShort.Replace(text), htmlNamed.Replace(text),
	}
	var percent, jsonHex, htmlHex, decimal strings.Builder
	for i := range len(text) {
		fmt.Fprintf(&percent, "%%%02X", text[i])
	}
	for _, r := range text {
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&jsonHex, `\u%04x`, unit)
		}
		fmt.Fprintf(&htmlHex, "&#x%x;", r)
		fmt.Fprintf(&decimal, "&#%d;", r)
	}
	all = append(all, percent.String(), jsonHex.String(), htmlHex.String(), decimal.String())
	if utf8.RuneCountInString(text) == 1 {
		// Letters beyond ASCII, where every byte or unit is escaped, in the other case of hex digits.
		all = append(all, strings.ToLower(percent.String()),
			`\u`+strings.ReplaceAll(strings.ToUpper(jsonHex.String()[2:]), `\U`, `\u`),
			"&#x"+strings.ToUpper(htmlHex.String()[3:]))
	} else {
		// An escape, escaped: only its first character needs it (%2541, \\u0041, &amp;#65;).
		all = append(all, strings.ToLower(url.QueryEscape(text)), strings.ToLower(url.PathEscape(text)))
	}
	return all
}

var (
	jsonShort = strings.NewReplacer(`"`, `\"`, `\`, `\\`, `/`, `\/`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "\b", `\b`, "\f", `\f`,
		"<", `\u003c`, ">", `\u003e`, "&", `\u0026`)
	htmlNamed = strings.NewReplacer(`&`, "&amp;", `<`, "&lt;", `>`, "&gt;", `"`, "&quot;", `'`, "&apos;")
)

// match says how the letters fit text from its start: the longest end of a full fit (0 for none), and
// whether text ends within what may still become one.
func (p *pattern) match(text string) (end int, pending bool) {
	// A letter may fit in more than one way (% itself, or as the start of %25), so all ends are followed.
	var here, there [8]int // room for what is usual, without an allocation
	at, next := append(here[:0], 0), there[:0]
	for _, letter := range p.letters {
		next = next[:0]
		for _, i := range at {
			rest := text[i:]
			for _, s := range letter {
				switch {
				case rest != "" && rest[0] != s[0]:
				case strings.HasPrefix(rest, s):
					if !slices.Contains(next, i+len(s)) {
						next = append(next, i+len(s))
					}
				case strings.HasPrefix(s, rest):
					pending = true
				}
			}
		}
		if len(next) == 0 {
			return 0, pending
		}
		at, next = next, at
	}
	end = slices.Max(at)
	if p.after > 0 && end == len(text) {
		pending = true // the letter to swallow may come yet
	}
	return end, pending
}
