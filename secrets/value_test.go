package secrets_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"log/slog"
	"strings"
	"testing"
	"text/template"

	"github.com/goccy/go-yaml"
	"github.com/rs/zerolog"

	"github.com/usherhq/usher/secrets"
)

// planted is a secret that no encoder may let through: it is looked for in the ways that printers write bytes.
const planted = `Plan"ted&Pa55/w+rd=é`

func assertNotIn(t *testing.T, out string) {
	t.Helper()
	for what, form := range map[string]string{
		"plain": planted, "%x": fmt.Sprintf("%x", planted), "%X": fmt.Sprintf("%X", planted), "% x": fmt.Sprintf("% x", planted),
		"%q": strings.Trim(fmt.Sprintf("%q", planted), `"`), "%v of bytes": strings.Trim(fmt.Sprintf("%d", []byte(planted)), "[]"),
		"part": "Pa55",
	} {
		if strings.Contains(out, form) {
			t.Errorf("the secret is there as %s: %s", what, out)
		}
	}
}

type exported struct{ Password secrets.Value }
type unexported struct{ password secrets.Value }
type pointing struct{ Password, again *secrets.Value }

func TestNoVerbOfFmtPrintsAValue(t *testing.T) {
	t.Parallel()
	v := secrets.New(planted)
	holders := map[string]any{
		"itself": v, "pointer": &v, "field": exported{v}, "pointer to field": &exported{v}, "unexported field": unexported{v},
		"pointer to unexported field": &unexported{v}, "pointer fields": pointing{&v, &v}, "slice": []secrets.Value{v},
		"array": [1]secrets.Value{v}, "map": map[string]secrets.Value{"a": v}, "map of any": map[string]any{"a": v},
		"any slice": []any{v, &v, exported{v}}, "pointer as key": map[*secrets.Value]int{&v: 1}, "error": fmt.Errorf("sign in with %v", v),
		"joined error": errors.Join(fmt.Errorf("%q", v)), "method value": v.String,
	}
	for name, holder := range holders {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, flags := range []string{"", "+", "#", "-", " ", "0", "+#", "20", ".3", "-20.3", "# "} {
				for verb := ' ' + 1; verb < 127; verb++ {
					if verb == '%' || strings.ContainsRune("+-#0123456789.*[]", verb) {
						continue
					}
					assertNotIn(t, fmt.Sprintf("%"+flags+string(verb), holder))
				}
			}
			assertNotIn(t, fmt.Sprint(holder)+fmt.Sprintln(holder))
			for _, wrong := range []string{"x", "%[9]v", "%!", "%*d %v", "%.*f", "%w", "%v %w"} {
				assertNotIn(t, fmt.Sprintf(wrong, holder, holder)+fmt.Errorf(wrong, holder, holder).Error())
			}
		})
	}
}

func TestAValueIsPrintedAsAWordThatSaysWhetherItIsThere(t *testing.T) {
	t.Parallel()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%10.2f"} {
		if got := fmt.Sprintf(verb, secrets.New("x")); got != "[secret]" {
			t.Errorf("%s gives %q", verb, got)
		}
		if got := fmt.Sprintf(verb, secrets.Value{}); got != "[empty]" {
			t.Errorf("%s of an empty one gives %q", verb, got)
		}
	}
	if got := secrets.New("x").GoString(); got != "[secret]" {
		t.Errorf("GoString gives %q", got)
	}
}

func TestNoEncoderWritesAValue(t *testing.T) {
	t.Parallel()
	v := secrets.New(planted)
	type record struct {
		Password secrets.Value
		Pointer  *secrets.Value
		Map      map[string]secrets.Value
		List     []secrets.Value
		Any      any
		Empty    secrets.Value
	}
	r := record{Password: v, Pointer: &v, Map: map[string]secrets.Value{"k": v}, List: []secrets.Value{v}, Any: v}
	dict := func(b *bytes.Buffer) *zerolog.Event { l := zerolog.New(b); return l.Info() } //nolint:zerologlint // sent by who asks for it

	tests := []struct {
		name string
		want int // how many times "[secret]" must stand there
		run  func(b *bytes.Buffer) error
	}{
		{"json", 5, func(b *bytes.Buffer) error { return json.NewEncoder(b).Encode(r) }},
		{"json indented", 5, func(b *bytes.Buffer) error {
			out, err := json.MarshalIndent(&r, "", " ")
			b.Write(out)
			return err
		}},
		{"yaml", 5, func(b *bytes.Buffer) error {
			out, err := yaml.Marshal(r)
			b.Write(out)
			return err
		}},
		{"yaml, JSON style", 5, func(b *bytes.Buffer) error {
			out, err := yaml.MarshalWithOptions(r, yaml.JSON())
			b.Write(out)
			return err
		}},
		{"xml", 1, func(b *bytes.Buffer) error { return xml.NewEncoder(b).Encode(exported{v}) }},
		{"gob", 1, func(b *bytes.Buffer) error { return gob.NewEncoder(b).Encode(exported{v}) }},
		{"text/template", 2, func(b *bytes.Buffer) error {
			return template.Must(template.New("").Parse(`{{.Password}} {{printf "%q" .Password}}`)).Execute(b, exported{v})
		}},
		{"html/template", 3, func(b *bytes.Buffer) error {
			return htmltemplate.Must(htmltemplate.New("").Parse(`<p title="{{.Password}}">{{.Password}}<script>x = {{.Password}}</script>`)).Execute(b, exported{v})
		}},
		{"slog text", 2, func(b *bytes.Buffer) error {
			slog.New(slog.NewTextHandler(b, nil)).Info("m", "v", v, slog.Group("g", "v", &v), "s", unexported{v})
			return nil
		}},
		{"slog json", 3, func(b *bytes.Buffer) error {
			slog.New(slog.NewJSONHandler(b, nil)).Info("m", "v", v, slog.Group("g", "v", v), "s", exported{v})
			return nil
		}},
		{"zerolog", 12, func(b *bytes.Buffer) error {
			dict(b).Interface("i", v).Any("a", &v).Stringer("s", v).Stringers("ss", []fmt.Stringer{v}).
				Dict("d", zerolog.Dict().Any("x", v).Stringer("y", v)).Array("l", zerolog.Arr().Interface(v)).
				Fields(map[string]any{"f": v, "g": &v}).Fields([]any{"h", v}).Any("st", exported{v}).
				Err(fmt.Errorf("refused: %v", v)).Any("u", unexported{v}).Msg("m")
			return nil
		}},
		{"zerolog's console", 1, func(b *bytes.Buffer) error {
			l := zerolog.New(zerolog.ConsoleWriter{Out: b, NoColor: true}).With().Any("v", v).Logger()
			l.Info().Msgf("m %v", unexported{v})
			return nil
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var b bytes.Buffer
			if err := tt.run(&b); err != nil {
				t.Fatal(err)
			}
			assertNotIn(t, b.String())
			if got := strings.Count(b.String(), "[secret]"); got != tt.want {
				t.Errorf("[secret] stands there %d times, want %d: %s", got, tt.want, b.String())
			}
		})
	}
}

func TestAValueIsNotReadFromADocument(t *testing.T) {
	t.Parallel()
	var e exported
	if err := json.Unmarshal([]byte(`{"Password":"hunter2"}`), &e); err == nil {
		t.Error("JSON made a Value")
	}
	if err := yaml.Unmarshal([]byte(`password: hunter2`), &e); err == nil {
		t.Error("YAML made a Value")
	}
	if !e.Password.Empty() {
		t.Error("a Value was set")
	}
}

func TestAValueKeepsWhatItWasGiven(t *testing.T) {
	t.Parallel()
	b := []byte(planted)
	v := secrets.NewBytes(b)
	clear(b)
	if v.Reveal() != planted {
		t.Error("the Value shares its bytes with the caller")
	}
	if v.Empty() || !secrets.New("").Empty() || !secrets.NewBytes(nil).Empty() || (secrets.Value{}).Reveal() != "" {
		t.Error("Empty is wrong")
	}
	for _, other := range []string{"", "x", planted + "x", strings.ToLower(planted)} {
		if v.Equal(secrets.New(other)) {
			t.Errorf("equal to %q", other)
		}
	}
	if !v.Equal(secrets.New(planted)) || !(secrets.Value{}).Equal(secrets.New("")) {
		t.Error("not equal to itself")
	}
}

func TestDigestChangesWithTheSecretAndTheKey(t *testing.T) {
	t.Parallel()
	// RFC 4231, test case 2.
	got := secrets.New("what do ya want for nothing?").Digest([]byte("Jefe"))
	if want := "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"; got != want {
		t.Errorf("digest is %s, want %s", got, want)
	}
	if got == secrets.New("what do ya want for nothing").Digest([]byte("Jefe")) ||
		got == secrets.New("what do ya want for nothing?").Digest([]byte("jefe")) {
		t.Error("two digests are the same")
	}
}
