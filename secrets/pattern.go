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
}

// An alphabet holds the spellings of the letters that were met, so that patterns share them.
type alphabet map[string][]string

// patternsOf returns what to look for, to find secret: itself, in hex, and in base64 in each of the three
// positions that it may have in a longer text ("user:password"), in both of its alphabets.
func (a alphabet) patternsOf(secret string) []*pattern {
	var all []*pattern
	plain := &pattern{letters: make([][]string, 0, len(secret))}
	for rest := secret; rest != ""; {
		_, n := utf8.DecodeRuneInString(rest)
		plain.letters = append(plain.letters, a.spell(rest[:n]))
		rest = rest[n:]
	}
	all = append(all, plain)

	lower := hex.EncodeToString([]byte(secret))
	upper := strings.ToUpper(lower)
	all = append(all, a.code(lower))
	if upper != lower {
		all = append(all, a.code(upper))
	}
	for shift := range 3 {
		std := a.base64Of(secret, shift, base64.RawStdEncoding)
		all = append(all, std)
		if web := a.base64Of(secret, shift, base64.RawURLEncoding); !slices.EqualFunc(std.letters, web.letters, slices.Equal) {
			all = append(all, web)
		}
	}
	return all
}

// base64Of returns the pattern of secret in base64, shift bytes after a multiple of three. The letters at its
// edges also hold bits of what stands beside it: there, every letter that fits is looked for.
func (a alphabet) base64Of(secret string, shift int, enc *base64.Encoding) *pattern {
	first := shift * 8 / 6 // the first letter that holds bits of the secret
	low := enc.EncodeToString([]byte(strings.Repeat("\x00", shift) + secret + "\x00\x00"))
	high := enc.EncodeToString([]byte(strings.Repeat("\xff", shift) + secret + "\xff\xff"))
	length := ((shift+len(secret))*8 + 5) / 6
	p := a.code(low[first:length])
	for i := range p.letters {
		from, to := low[first+i], high[first+i]
		if from == to {
			continue
		}
		// The bits that differ are free.
		var fits []string
		free := digit(enc, from) ^ digit(enc, to)
		for c := range byte(64) {
			if c&^free == digit(enc, from)&^free {
				fits = append(fits, a.codeLetter(letterOf(enc, c))...)
			}
		}
		p.letters[i] = fits
	}
	return p
}

// letterOf returns the letter of base64 for six bits, and digit the six bits of a letter.
func letterOf(enc *base64.Encoding, six byte) string {
	return enc.EncodeToString([]byte{six << 2})[:1]
}

func digit(enc *base64.Encoding, letter byte) byte {
	b, err := enc.DecodeString(string(letter) + "A")
	if err != nil {
		panic("secrets: base64 does not know its own letter")
	}
	return b[0] >> 2
}

// code returns the pattern of hex or base64, of which nobody escapes the letters and digits.
func (a alphabet) code(text string) *pattern {
	p := &pattern{letters: make([][]string, len(text))}
	for i := range text {
		p.letters[i] = a.codeLetter(text[i : i+1])
	}
	return p
}

func (a alphabet) codeLetter(letter string) []string {
	if strings.ContainsAny(letter, "+/-_") {
		return a.spell(letter)
	}
	return []string{letter}
}

func (a alphabet) spell(letter string) []string {
	if a[letter] == nil {
		a[letter] = spellings(letter)
	}
	return a[letter]
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
	return slices.Max(at), pending
}
