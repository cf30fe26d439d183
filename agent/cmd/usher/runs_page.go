package main

import (
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"io"
	"net/http"
	"time"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/secrets"
)

// runPage is what the exported page of a run shows.
type runPage struct {
	Run   agent.Run
	Plan  *agent.Plan
	Steps []pageStep
	Made  time.Time

	mask *secrets.Mask
}

type pageStep struct {
	agent.StepRow
	Missing string // why there is no picture
	png     []byte
}

//go:embed runs_page.html
var pageText string

// writePage writes the page. Everything in it is a stranger's text: html/template escapes it, and the
// page's own policy allows no script and nothing from elsewhere.
func writePage(w io.Writer, p runPage) error {
	t, err := template.New("run").Funcs(template.FuncMap{
		"mask":    p.mask.String,
		"picture": pictureURL,
		"utc":     func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.000") },
		"ms":      func(d time.Duration) string { return d.Round(time.Millisecond).String() },
		"verb":    verbText,
		"cameTo":  runCameTo,
		"indent": func(v any) (string, error) {
			b, err := json.MarshalIndent(v, "", "  ")
			return string(b), err
		},
	}).Parse(pageText)
	if err != nil {
		return failed("read the page's template", err)
	}
	return failed("write the page", t.Execute(w, p))
}

// pictureURL returns the picture as an address that holds it; "" for what is no picture.
func pictureURL(s pageStep) template.URL {
	if len(s.png) == 0 {
		return ""
	}
	kind := http.DetectContentType(s.png)
	if kind != "image/png" && kind != "image/jpeg" && kind != "image/webp" {
		return ""
	}
	return template.URL("data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(s.png)) //nolint:gosec // our own kind and base64
}
