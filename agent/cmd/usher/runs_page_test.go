package main

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/secrets"
)

func TestAnExportedRunNeedsNothingElseAndRunsNothing(t *testing.T) {
	t.Parallel()
	const evil = `<img src=x onerror=alert(1)></style><script>alert(2)</script>"'`
	png := []byte("\x89PNG\r\n\x1a\n0000IHDR")
	page := runPage{
		Run: agent.Run{
			ID: "run1", Order: "order1", Connection: "stonly", Verb: agent.Deactivate, Subject: "ana@example.com", By: evil,
			Started: time.Date(2026, 11, 1, 3, 0, 0, 0, time.UTC), Ended: time.Date(2026, 11, 1, 3, 1, 0, 0, time.UTC),
			Outcome: flows.Done, Seen: "the password hunter2hunter2 was seen", Message: evil,
		},
		Plan: &agent.Plan{Verb: agent.Deactivate, Do: []string{evil, "hunter2hunter2"}},
		Steps: []pageStep{
			{StepRow: agent.StepRow{Seq: 1, Picture: "abc", Step: flows.Step{Name: evil, Note: evil, Selector: evil}}, png: png},
			{StepRow: agent.StepRow{Seq: 2, Step: flows.Step{Name: "no picture, but a page", Failed: true}}, png: []byte("<html><script>alert(3)</script>")},
			{StepRow: agent.StepRow{Seq: 3, Picture: "def", Step: flows.Step{Name: "lost"}}, Missing: "the picture def is not kept"},
		},
		mask: secrets.NewMask(secrets.New("hunter2hunter2")),
	}
	var b bytes.Buffer
	if err := writePage(&b, page); err != nil {
		t.Fatal(err)
	}
	html := b.String()
	for _, want := range []string{
		`<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:;`, `src="data:image/png;base64,iVBOR`,
		"the picture def is not kept", "came to</th><td>done", "[secret]",
	} {
		if !strings.Contains(html, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, never := range []string{"<script", "hunter2", "<img src=x", "src=\"http", "href=", "@import", "url("} {
		if strings.Contains(html, never) {
			t.Errorf("the page holds %q", never)
		}
	}
	if n := len(regexp.MustCompile(`<img `).FindAllString(html, -1)); n != 1 {
		t.Errorf("the page shows %d pictures, want the 1 that is one", n)
	}
}
