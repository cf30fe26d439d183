package scim

import (
	"bytes"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/usherhq/usher/flows"
)

// A Reply is what a service answered, with a body that is bounded.
type Reply struct {
	Status int
	Header http.Header
	Body   []byte
	// JSON is true where the media type says so, or the body looks like a JSON object.
	JSON bool
}

// ok says whether the status is one of success.
func (r *Reply) ok() bool { return r.Status >= 200 && r.Status < 300 }

func speaksJSON(h http.Header, body []byte) bool {
	if t, _, err := mime.ParseMediaType(h.Get("Content-Type")); err == nil && (t == typeJSON || strings.HasSuffix(t, "+json")) {
		return true
	}
	return bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n\ufeff"), []byte("{"))
}

const mostWords = 200

// harmless shortens a stranger's text, and drops it where the token is in it.
func (w *Wire) harmless(s string) string {
	if w.mask.String(s) != s {
		return ""
	}
	s = flows.Clean(s)
	if w.mask.String(s) != s {
		return "" // what stood between its letters was not printable
	}
	if utf8.RuneCountInString(s) > mostWords {
		s = string([]rune(s)[:mostWords-1]) + "…"
	}
	return s
}

// words returns what the service says beside the status, harmless and short, or "".
func (w *Wire) words(r *Reply) string {
	if r == nil {
		return ""
	}
	return w.harmless(errorText(r.Header.Get("Content-Type"), r.Body))
}

// errorText finds the sentence in the body of an error: SCIM's own form, the forms of gateways, or
// plain text. A page of HTML has none.
func errorText(contentType string, body []byte) string {
	body = bytes.TrimSpace(body)
	if len(body) == 0 || len(body) > mostError {
		return ""
	}
	if obj, err := decodeObject(body); err == nil {
		return errorOf(obj)
	}
	t, _, err := mime.ParseMediaType(contentType)
	if body[0] == '<' || body[0] == '{' || body[0] == '[' || err == nil && t != "text/plain" && t != typeJSON && t != typeSCIM {
		return ""
	}
	if !utf8.Valid(body) {
		return ""
	}
	return string(body)
}

func errorOf(obj object) string {
	text := ""
	for _, k := range []string{"detail", "error_description", "message", "error", "title", "description", "errors"} {
		v, _ := obj.get(k)
		switch v := v.(type) {
		case string:
			text = v
		case map[string]any:
			text = errorOf(v)
		case []any:
			if len(v) > 0 {
				switch first := v[0].(type) {
				case string:
					text = first
				case map[string]any:
					text = errorOf(first)
				}
			}
		}
		if text != "" {
			break
		}
	}
	if kind, ok := obj.text("scimType"); ok && kind != "" {
		text = strings.TrimSpace(kind + ": " + text)
	}
	return text
}

// says appends the service's words to a sentence.
func (w *Wire) says(sentence string, r *Reply) string {
	if words := w.words(r); words != "" {
		return sentence + `, and says "` + words + `"`
	}
	return sentence
}

// refusal is the error of an answer that is no success.
func (w *Wire) refusal(op string, r *Reply) *flows.Error {
	host := w.base.Host
	status := statusOf(r.Status)
	switch {
	case r.Status == http.StatusUnauthorized:
		return flows.Errorf(flows.LoginRefused, op, "%s", w.says(host+" refuses the token (401)", r)).
			WithHint("make a new token in the app and store it: `usher connect`, or `usher secrets set`; then `usher unlock`")
	case r.Status == http.StatusForbidden:
		return flows.Errorf(flows.Unsupported, op, "%s", w.says(host+" does not allow it (403)", r)).
			WithHint("see what the token may do in the app's settings")
	case r.Status == http.StatusNotFound:
		return flows.Errorf(flows.Drift, op, "%s", w.says(host+" has no such address (404)", r)).
			WithHint("check the base URL of the connection")
	case again(r.Status) || r.Status > 501:
		return w.unavailable(op, r, nil)
	case r.Status >= 300 && r.Status < 400:
		return flows.Errorf(flows.Drift, op, "%s", w.says(host+" answers "+status+", but not SCIM", r)).WithHint("check the base URL of the connection")
	}
	return flows.Errorf(flows.Unsupported, op, "%s", w.says(host+" answers "+status, r)).
		WithHint("see what the service can do with `usher check`")
}

// unavailable is the error of a service that is down, slow or limits us.
func (w *Wire) unavailable(op string, r *Reply, err error) *flows.Error {
	var e *flows.Error
	switch {
	case r != nil && err == nil:
		e = flows.Errorf(flows.Unavailable, op, "%s", w.says(w.base.Host+" answers "+statusOf(r.Status), r))
		if d, ok := retryAfter(r.Header.Get("Retry-After"), w.now()); ok {
			e.After = d
		}
	default:
		e = flows.Errorf(flows.Unavailable, op, "%s does not answer: %s", w.base.Host, w.harmless(err.Error()))
	}
	return e.WithHint("order again later; `usher check` says whether the service answers")
}

// notSCIM is the error of an answer of success that is not what SCIM would say.
func (w *Wire) notSCIM(op string, r *Reply, why error) *flows.Error {
	kind := "no SCIM resource"
	if !r.JSON {
		kind = "no JSON"
		if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil {
			kind = flows.Clean(t)
		}
	}
	e := flows.Errorf(flows.Drift, op, "%s answers, but not SCIM (%s: %s)", w.base.Host, kind, w.harmless(why.Error()))
	return e.WithHint("check the base URL of the connection")
}

// statusOf returns a status as a person reads it: "404 Not Found".
func statusOf(status int) string {
	return strings.TrimSpace(strconv.Itoa(status) + " " + http.StatusText(status))
}
