package secrets_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/usherhq/usher/secrets"
)

func TestACommandLineIsSplitIntoWords(t *testing.T) {
	t.Parallel()
	tests := []struct {
		line string
		want []string
	}{
		{`op read op://vault/item/password`, []string{"op", "read", "op://vault/item/password"}},
		{`op read 'op://Private Vault/item/one-time password?attribute=otp'`, []string{"op", "read", "op://Private Vault/item/one-time password?attribute=otp"}},
		{"  a \t b  ", []string{"a", "b"}},
		{`a '' ""`, []string{"a", "", ""}},
		{`a"b c"'d e'f`, []string{"ab cd ef"}},
		{`a "it's \"here\" \\ \n"`, []string{"a", `it's "here" \ \n`}},
		{`a '\' b`, []string{"a", `\`, "b"}},
		{`a b\ c \' \$HOME \|`, []string{"a", "b c", "'", "$HOME", "|"}},
		{`sops decrypt --extract '["a"]["b"]' x.yaml`, []string{"sops", "decrypt", "--extract", `["a"]["b"]`, "x.yaml"}},
		{`a '$HOME' '|' "|;&<>()" * ? ~ # {}`, []string{"a", "$HOME", "|", "|;&<>()", "*", "?", "~", "#", "{}"}},
		{`"a b"/c é`, []string{"a b/c", "é"}},
	}
	for _, tt := range tests {
		t.Run(tt.line, func(t *testing.T) {
			t.Parallel()
			got, err := secrets.Split(tt.line)
			if err != nil || !slices.Equal(got, tt.want) {
				t.Errorf("split into %q, %v; want %q", got, err, tt.want)
			}
		})
	}
}

func TestACommandLineThatWantsAShellIsRefused(t *testing.T) {
	t.Parallel()
	tests := []struct{ line, says string }{
		{"", "no command"}, {" \t ", "no command"}, {"''", "no command"}, {"'' a", "no command"},
		{"a 'b", "quote at byte 2"}, {`a "b\"`, "quote at byte 2"}, {`a \`, "backslash at the end"},
		{"a | head -1", `'|' at byte 2`}, {"a; b", "';'"}, {"a && b", "'&'"}, {"a > /x", "'>'"}, {"a <x", "'<'"},
		{"a $(b)", "'$'"}, {"a `b`", "'`'"}, {`a "$HOME"`, "'$' at byte 3"}, {"a \"`b`\"", "'`'"}, {"(a)", "'('"},
		{"a\nb", "line end"}, {"a 'b\nc'", "line end"}, {"a\x00", "NUL"}, {"a \\\nb", "line end"}, {"a\rb", "line end"},
	}
	for _, tt := range tests {
		t.Run(tt.line, func(t *testing.T) {
			t.Parallel()
			words, err := secrets.Split(tt.line)
			if err == nil || !strings.Contains(err.Error(), tt.says) || words != nil {
				t.Errorf("split into %q, %v; want an error that says %q", words, err, tt.says)
			}
		})
	}
}

// FuzzSplit checks that what is split, quoted again, is split into the same words.
func FuzzSplit(f *testing.F) {
	for _, line := range []string{"op read op://a/b", `a "b \" \\ c" 'd'`, `a\ b`, "a 'b", "a|b", `a ''`, "\xff 'é'"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		words, err := secrets.Split(line)
		if err != nil {
			if words != nil {
				t.Fatalf("%q: words beside an error", line)
			}
			return
		}
		var quoted []string
		for _, w := range words {
			if strings.ContainsAny(w, "\x00\n\r") {
				t.Fatalf("%q: a line end in %q", line, words)
			}
			quoted = append(quoted, "'"+strings.ReplaceAll(w, "'", `'\''`)+"'")
		}
		again, err := secrets.Split(strings.Join(quoted, " "))
		if err != nil || !slices.Equal(again, words) {
			t.Fatalf("%q: %q became %q, %v", line, words, again, err)
		}
	})
}
