package secrets_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/usherhq/usher/secrets"
)

// encode is every way in which the tests hide a secret in a text.
var encode = map[string]func(string) string{
	"plain":        func(s string) string { return s },
	"base64":       func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"base64 raw":   func(s string) string { return base64.RawStdEncoding.EncodeToString([]byte(s)) },
	"base64 url":   func(s string) string { return base64.URLEncoding.EncodeToString([]byte(s)) },
	"base64 u+raw": func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) },
	"hex":          func(s string) string { return hex.EncodeToString([]byte(s)) },
	"HEX":          func(s string) string { return strings.ToUpper(hex.EncodeToString([]byte(s))) },
	"query":        url.QueryEscape,
	"path":         url.PathEscape,
	"lower query":  func(s string) string { return lowerPercent(url.QueryEscape(s)) },
	"all percent": func(s string) string {
		var b strings.Builder
		for i := range len(s) {
			fmt.Fprintf(&b, "%%%02X", s[i])
		}
		return b.String()
	},
	"encodeURIComponent": func(s string) string {
		return strings.NewReplacer("+", "%20", "%21", "!", "%27", "'", "%28", "(", "%29", ")", "%2A", "*").Replace(url.QueryEscape(s))
	},
	"JSON":                func(s string) string { return jsonString(s, true) },
	"JSON, HTML kept":     func(s string) string { return jsonString(s, false) },
	"JSON, slash escaped": func(s string) string { return strings.ReplaceAll(jsonString(s, false), "/", `\/`) },
	"JSON, ASCII only":    asciiJSON,
	"HTML":                html.EscapeString,
	"HTML as browsers write it": func(s string) string {
		return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace(s)
	},
	"HTML, hex":         func(s string) string { return strings.ReplaceAll(html.EscapeString(s), "&#39;", "&#x27;") },
	"JSON in JSON":      func(s string) string { return jsonString(jsonString(s, true), false) },
	"query in HTML":     func(s string) string { return html.EscapeString(url.QueryEscape(s)) },
	"query in query":    func(s string) string { return url.QueryEscape(url.QueryEscape(s)) },
	"JSON in query":     func(s string) string { return url.QueryEscape(jsonString(s, false)) },
	"base64 in query":   func(s string) string { return url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(s))) },
	"JSON in HTML":      func(s string) string { return html.EscapeString(jsonString(s, false)) },
	"base64 of another": func(s string) string { return base64.StdEncoding.EncodeToString([]byte("bot@acme.test:" + s)) },
}

func lowerPercent(s string) string {
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i+1:i+3], bytes.ToLower(b[i+1:i+3]))
		}
	}
	return string(b)
}

func jsonString(s string, escapeHTML bool) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(escapeHTML)
	if err := enc.Encode(s); err != nil {
		panic(err)
	}
	out := strings.TrimSuffix(b.String(), "\n")
	return out[1 : len(out)-1]
}

// asciiJSON writes what Python's json.dumps does.
func asciiJSON(s string) string {
	var b strings.Builder
	for _, r := range jsonString(s, false) {
		switch {
		case r < 0x80:
			b.WriteRune(r)
		case r > 0xffff:
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

var maskedSecrets = []string{
	"hunter2", "pass", `Plan"ted&Pa55/w+rd=é`, `<'a' & "b">`, "100%41 sure+-!*()", "пароль-🔑-key", `C:\new\table`, "two\nlines\there",
	"JBSWY3DPEHPK3PXP", "ops~_-.", "%25%20", "&amp;&", "????>>>>", "\xff\xfe\xfd\xfc\xfb", "abababab",
}

func TestAMaskFindsASecretInEveryEncoding(t *testing.T) {
	t.Parallel()
	for _, secret := range maskedSecrets {
		m := secrets.NewMask(secrets.New(secret))
		for name, enc := range encode {
			if strings.Contains(secret, "\xff") && strings.Contains(name, "ASCII") {
				continue // not UTF-8: JSON has replaced it before, and asciiJSON has no way to write it
			}
			hidden := enc(secret)
			for _, around := range []string{"%s", "a=%s&b=c", `{"p":"%s"}`, "\n%s\n", "%s %[1]s"} {
				text := fmt.Sprintf(around, hidden)
				got := m.String(text)
				if strings.Contains(got, hidden) || !strings.Contains(got, "[secret]") {
					t.Errorf("%s of %q: %q became %q", name, secret, text, got)
				}
				if around == `{"p":"%s"}` && name != "base64 of another" && strings.TrimRight(got, "=") != got {
					t.Errorf("%s of %q: more than the secret was changed: %q", name, secret, got)
				}
			}
			if b := []byte("x " + hidden); !bytes.Equal(m.Bytes(b), []byte(m.String(string(b)))) || string(b) != "x "+hidden {
				t.Errorf("Bytes differs from String, or changed what it was given")
			}
		}
	}
}

func TestAMaskFindsASecretAnywhereInALongerBase64(t *testing.T) {
	t.Parallel()
	const secret = "hunter2/Geheim?~"
	m := secrets.NewMask(secrets.New(secret))
	for before := range 7 {
		for after := range 7 {
			for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawURLEncoding} {
				plain := strings.Repeat("\xfb", before) + secret + strings.Repeat("\xef", after)
				got := m.String(" " + enc.EncodeToString([]byte(plain)) + " ")
				rest := strings.Split(got, "[secret]")
				if len(rest) != 2 {
					t.Fatalf("%d before, %d after: %q", before, after, got)
				}
				// Gone are the letters that hold bits of the secret, and no others.
				whole := enc.EncodeToString([]byte(plain))
				from, to := before*8/6, ((before+len(secret))*8+5)/6
				if rest[0] != " "+whole[:from] || rest[1] != whole[to:]+" " {
					t.Errorf("%d before, %d after: letters of the secret are left: %q", before, after, got)
				}
			}
		}
	}
}

func TestAMaskLeavesOtherTextAlone(t *testing.T) {
	t.Parallel()
	m := secrets.NewMask(secrets.New("hunter2"), secrets.New("abc"), secrets.New(""), secrets.Value{}, secrets.New("äöü"))
	for _, text := range []string{"", "hunter", "hunter 2", "abc äöü", "%", "\\", "&", "hunter%", "\xff\xfe", "Hunter2", base64.StdEncoding.EncodeToString([]byte("hunter3 or so"))} {
		if got := m.String(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
	var none *secrets.Mask
	if none.String("hunter2") != "hunter2" || secrets.NewMask().String("hunter2") != "hunter2" {
		t.Error("a Mask of nothing changes something")
	}
}

func TestSecretsThatOverlapLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	m := secrets.NewMask(secrets.New("abcd"), secrets.New("bcdefgh"), secrets.New("abcd12"), secrets.New("abcd"))
	for text, want := range map[string]string{
		"xabcdefghx": "x[secret]x", "abcd12": "[secret]", "abcdabcd": "[secret][secret]", "abcd1 abcde": "[secret]1 [secret]e",
	} {
		if got := m.String(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
	if got := secrets.NewMask(secrets.New("abab")).String("xababab"); got != "x[secret]" {
		t.Errorf("a secret that overlaps itself gives %q", got)
	}
}

func TestNothingPrintsAMask(t *testing.T) {
	t.Parallel()
	m := secrets.NewMask(secrets.New(planted))
	w := m.Writer(io.Discard)
	if _, err := w.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		assertNotIn(t, fmt.Sprintf(verb, m)+fmt.Sprintf(verb, w)+fmt.Sprintf(verb, struct{ m *secrets.Mask }{m}))
	}
}

func TestAMaskIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	m := secrets.NewMask(secrets.New("secret-0"))
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			text := fmt.Sprintf("secret-%d", i)
			m.Add(secrets.New(text))
			if got := m.String(text + " secret-0"); got != "[secret] [secret]" {
				t.Errorf("%q became %q", text, got)
			}
		})
	}
	all.Wait()
	for i := range 8 {
		if got := m.String(fmt.Sprintf("secret-%d", i)); got != "[secret]" {
			t.Errorf("secret-%d was lost: %q", i, got)
		}
	}
}

func TestAWriterFindsASecretThatComesInPieces(t *testing.T) {
	t.Parallel()
	for _, secret := range maskedSecrets {
		m := secrets.NewMask(secrets.New(secret))
		for name, enc := range encode {
			if strings.Contains(secret, "\xff") && strings.Contains(name, "ASCII") {
				continue
			}
			text := "first\nuser=" + enc(secret) + " end\nlast " + enc(secret)
			want := m.String(text)
			for _, size := range []int{1, 3, 7, len(text)} {
				var out bytes.Buffer
				w := m.Writer(&out)
				for rest := text; rest != ""; {
					n := min(size, len(rest))
					if wrote, err := io.WriteString(w, rest[:n]); err != nil || wrote != n {
						t.Fatalf("wrote %d of %d, %v", wrote, n, err)
					}
					rest = rest[n:]
				}
				if err := errors.Join(w.Close(), w.Close()); err != nil {
					t.Fatal(err)
				}
				if out.String() != want {
					t.Errorf("%s of %q in pieces of %d: %q, want %q", name, secret, size, out.String(), want)
				}
			}
		}
	}
}

func TestAWriterPassesWholeLinesAndFlushesTheRest(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w := secrets.NewMask(secrets.New("one\ntwo\nthree")).Writer(&out)
	step := func(text, want string) {
		t.Helper()
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
		if out.String() != want {
			t.Errorf("after %q: %q, want %q", text, out.String(), want)
		}
	}
	step("a", "")
	step("b\nc", "ab\n")
	step("\rd", "ab\nc\r")
	step("x one\n", "ab\nc\r")
	step("two\n", "ab\nc\r") // still may become the secret
	step("three\nx", "ab\nc\rdx [secret]\n")
	if err := w.Flush(); err != nil || !strings.HasSuffix(out.String(), "\nx") {
		t.Errorf("flushed %q, %v", out.String(), err)
	}
	out.Reset()
	step("one\n", "")
	step("two, or not\n", "one\ntwo, or not\n")
	out.Reset()
	step(strings.Repeat(".", 1<<20), strings.Repeat(".", 1<<20)) // a line without an end is not kept for ever
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("x")); err == nil {
		t.Error("a closed writer takes more")
	}
}

type broken struct{}

var errBroken = errors.New("disk full")

func (broken) Write([]byte) (int, error) { return 0, errBroken }

func TestAWriterReportsTheErrorBelow(t *testing.T) {
	t.Parallel()
	w := secrets.NewMask(secrets.New("hunter2")).Writer(broken{})
	if _, err := io.WriteString(w, "held"); err != nil {
		t.Errorf("an unfinished line gives %v", err)
	}
	_, err := io.WriteString(w, "\n")
	for _, err := range []error{err, w.Flush(), w.Close()} {
		if !errors.Is(err, errBroken) {
			t.Errorf("the error is %v", err)
		}
	}
}

// FuzzMaskWriter checks that a text in two pieces is masked as in one, and that no secret is left.
func FuzzMaskWriter(f *testing.F) {
	f.Add("hunter2", "a hunter2 b\n", 5)
	f.Add("%25%20", "x%2525%2520\n%25%20", 3)
	f.Add("aaaa", "aaaaaaa", 2)
	f.Fuzz(func(t *testing.T, secret, text string, cut int) {
		if len(secret) > 1000 || cut < 0 || cut > len(text) {
			return
		}
		m := secrets.NewMask(secrets.New(secret))
		want := m.String(text)
		var out bytes.Buffer
		w := m.Writer(&out)
		for _, piece := range []string{text[:cut], text[cut:]} {
			if _, err := io.WriteString(w, piece); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if out.String() != want {
			t.Fatalf("%q in %q: %q in pieces, %q as one", secret, text, out.String(), want)
		}
		if len([]rune(secret)) >= 4 && strings.Contains(strings.ReplaceAll(want, "[secret]", "\x00"), secret) && !strings.Contains(secret, "\x00") {
			t.Fatalf("%q is left in %q", secret, want)
		}
	})
}

func BenchmarkMaskOfAPage(b *testing.B) {
	var values []secrets.Value
	for i := range 8 {
		values = append(values, secrets.New(fmt.Sprintf("Sec%dret/%d+%d?", i, i*7919, i*104729)))
	}
	m := secrets.NewMask(values...)
	page := strings.Repeat(`<tr class="row"><td>Ada &amp; Bob</td><td><a href="/users/1?x=%20y">ada@acme.test</a></td></tr>`+"\n", 10000)
	b.SetBytes(int64(len(page)))
	for b.Loop() {
		if m.String(page) != page {
			b.Fatal("changed")
		}
	}
}
