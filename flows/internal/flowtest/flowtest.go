// Package flowtest is the suite that every app passes, against the app's own stand-in: one with a
// browser console the same stories in a real headless Chromium, one that is reached through SCIM those
// of such services. It compares with the stand-in's truth log, never with what a flow believes.
package flowtest

import (
	"context"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/flows/internal/browser"
)

// A Story is one thing that happens to a console, and what must come of it.
type Story struct {
	Name    string
	Options flows.SandboxOptions
	// Only limits the story to some apps, by name: where a console has no such thing at all.
	Only []string
	Run  func(t *testing.T, s *Stage)
}

// Browser returns the browser that a package's tests share. Where none is installed the test
// fails under CI=true and is skipped, loudly, elsewhere.
func Browser(t *testing.T) *browser.Browser {
	t.Helper()
	cfg := browser.Config{NoSandbox: os.Geteuid() == 0, Bin: os.Getenv("USHER_TEST_BROWSER")}
	if _, err := cfg.Find(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("no browser: %v (%s)", err, flows.HintOf(err))
		}
		t.Skipf("NOTHING WAS TESTED: no browser: %v (%s)", err, flows.HintOf(err))
	}
	b := browser.New(cfg)
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Errorf("close the browser: %v", err)
		}
	})
	return b
}

// Run tells every story of the app's default way to the app.
func Run(t *testing.T, app flows.App) {
	t.Helper()
	stories, at := Stories(), 2*runtime.NumCPU() // pages at work at a time: half of them wait
	if viaSCIM(app) {
		stories, at = SCIMStories(), 32 // which wait nearly all the time
	}
	gate := make(chan struct{}, at)
	t.Run("stories", func(t *testing.T) {
		for _, story := range stories {
			if len(story.Only) > 0 && !contains(story.Only, app.Name) {
				continue
			}
			t.Run(story.Name, func(t *testing.T) {
				t.Parallel()
				gate <- struct{}{}
				defer func() { <-gate }()
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
				defer cancel()
				s := NewStage(ctx, t, app, story.Options)
				story.Run(t, s)
				if !t.Failed() {
					s.untouched(t)
					s.nothingLeaks(t)
				}
			})
		}
	})
}

// viaSCIM says whether the app is reached through SCIM where nothing else is said.
func viaSCIM(app flows.App) bool {
	way, _ := app.Way("")
	return way.Name == flows.ViaSCIM
}

func contains(all []string, s string) bool {
	for _, a := range all {
		if a == s {
			return true
		}
	}
	return false
}
