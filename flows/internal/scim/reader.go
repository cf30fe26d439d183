package scim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// mostDepth bounds what is nested in a resource; SCIM's own schemas need four.
const mostDepth = 32

var (
	errDeep  = errors.New("it is nested too deeply")
	errTwice = errors.New("a name stands twice in one JSON object")
	errMore  = errors.New("there is more behind the JSON object")
)

// A reader goes through JSON once, from its start to its end. It refuses what is nested too deeply,
// and objects in which a name stands twice, wherever they are: of two answers decoders take the last,
// and which one is true is not to be guessed. After an error there is no going on.
type reader struct {
	body []byte
	dec  *jsontext.Decoder
}

func newReader(raw []byte) *reader {
	body := bytes.TrimPrefix(raw, []byte("\ufeff"))
	// Text that is no UTF-8 is mended, as encoding/json mends it, and not refused.
	return &reader{body: body, dec: jsontext.NewDecoder(bytes.NewBuffer(body), jsontext.AllowInvalidUTF8(true))}
}

// plain keeps of a decoder's error what is not a stranger's text.
func plain(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return errTwice
	}
	if s, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return s.Err
	}
	if t, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("it is a %s", t.Value)
	}
	return err
}

// kindName names a kind of JSON for people.
func kindName(k jsontext.Kind) string {
	switch k {
	case jsontext.KindNull:
		return "null"
	case jsontext.KindTrue, jsontext.KindFalse:
		return "bool"
	case jsontext.KindString:
		return "string"
	case jsontext.KindNumber:
		return "number"
	case jsontext.KindBeginArray:
		return "list"
	case jsontext.KindBeginObject:
		return "object"
	default:
		return "mistake"
	}
}

// at says whether the value that comes next begins so.
func (r *reader) at(k jsontext.Kind) bool { return r.dec.PeekKind() == k }

// open goes into the object or the list that comes next, unless that is too deep.
func (r *reader) open() error {
	if r.dec.StackDepth() >= mostDepth {
		return errDeep
	}
	return r.token()
}

func (r *reader) token() error {
	_, err := r.dec.ReadToken()
	return plain(err)
}

// members calls f for each member of the object that comes next; f reads the value. The name holds
// until then.
func (r *reader) members(f func(name []byte) error) error {
	if err := r.open(); err != nil {
		return err
	}
	for !r.at(jsontext.KindEndObject) {
		quoted, err := r.dec.ReadValue()
		if err != nil {
			return plain(err)
		}
		name, err := unquote(quoted)
		if err != nil {
			return err
		}
		if err := f(name); err != nil {
			return err
		}
	}
	return r.token()
}

// elements calls f for each element of the list that comes next; f reads the value.
func (r *reader) elements(f func(i int) error) error {
	if err := r.open(); err != nil {
		return err
	}
	for i := 0; !r.at(jsontext.KindEndArray); i++ {
		if r.at(jsontext.KindInvalid) {
			return r.token() // says why
		}
		if err := f(i); err != nil {
			return err
		}
	}
	return r.token()
}

// text reads a string.
func (r *reader) text() (string, error) {
	quoted, err := r.dec.ReadValue()
	if err != nil {
		return "", plain(err)
	}
	b, err := unquote(quoted)
	return string(b), err
}

// unquote returns what a string says. Most need nothing but to be taken out of their quotes.
func unquote(quoted []byte) ([]byte, error) {
	if bytes.IndexByte(quoted, '\\') < 0 && utf8.Valid(quoted) {
		return quoted[1 : len(quoted)-1], nil
	}
	var s string
	if err := json.Unmarshal(quoted, &s); err != nil {
		return nil, plain(err)
	}
	return []byte(s), nil
}

// skip leaves out the value that comes next, whatever it is.
func (r *reader) skip() error {
	depth := r.dec.StackDepth()
	for {
		k := r.dec.PeekKind()
		if (k == jsontext.KindBeginObject || k == jsontext.KindBeginArray) && r.dec.StackDepth() >= mostDepth {
			return errDeep
		}
		if err := r.token(); err != nil {
			return err
		}
		if r.dec.StackDepth() <= depth {
			return nil
		}
	}
}

// raw returns the value that comes next as it is written. It holds as long as the body does.
func (r *reader) raw() (json.RawMessage, error) {
	from := r.dec.InputOffset()
	if err := r.skip(); err != nil {
		return nil, err
	}
	return bytes.TrimLeft(r.body[from:r.dec.InputOffset()], " \t\r\n,:"), nil
}

// value returns the value that comes next as encoding/json would. Numbers stay as they are written.
func (r *reader) value() (any, error) {
	switch k := r.dec.PeekKind(); k {
	case jsontext.KindBeginObject:
		obj := map[string]any{}
		return obj, r.members(func(name []byte) error {
			k := string(name)
			v, err := r.value()
			obj[k] = v
			return err
		})
	case jsontext.KindBeginArray:
		list := []any{}
		return list, r.elements(func(int) error {
			v, err := r.value()
			list = append(list, v)
			return err
		})
	case jsontext.KindString:
		return r.text()
	case jsontext.KindNumber:
		n, err := r.dec.ReadValue()
		return json.Number(n), plain(err)
	default:
		return map[jsontext.Kind]any{jsontext.KindTrue: true, jsontext.KindFalse: false}[k], r.token()
	}
}

// end makes sure that nothing follows.
func (r *reader) end() error {
	if r.dec.PeekKind() != jsontext.KindInvalid || len(bytes.TrimLeft(r.body[r.dec.InputOffset():], " \t\r\n")) > 0 {
		return errMore
	}
	return nil
}
