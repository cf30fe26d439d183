// Package all is the door to every app: the list of them, one line each, and the browser that
// stands behind those that need one. It decides nothing.
package all

import (
	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/flows/internal/browser"
	"github.com/usherhq/usher/flows/spekit"
	"github.com/usherhq/usher/flows/stonly"
	"github.com/usherhq/usher/flows/thoropass"
)

// Browser says which browser is used, and how.
type Browser = browser.Config

// Hands are the apps and the one warm browser behind them.
type Hands struct {
	browser *browser.Browser
}

// New returns the apps. No browser is started before a console is opened.
func New(b Browser) *Hands { return &Hands{browser: browser.New(b)} }

// Apps lists every app. Adding one is a line here and two folders.
func (h *Hands) Apps() []flows.App {
	return []flows.App{
		thoropass.App(h.browser),
		stonly.App(h.browser),
		spekit.App(),
	}
}

// Close stops the browser and waits for its end. Close may be called twice.
func (h *Hands) Close() error { return h.browser.Close() }
