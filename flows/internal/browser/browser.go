// Package browser is the agent's hands and eyes in a console, and the only door to rod. It knows
// pages by their sheets and nothing of any app.
//
// The browser is driven over a pipe, never over a port that others on the machine could open. Its
// own sandbox stays on. What is found, read and pressed goes through eyes.js in an isolated world:
// roles and accessible names are the browser's own, and a gate lets only that event pass that was
// announced, to that element, while it still is what it was taken for.
//
// github.com/go-rod/rod is the project's chosen browser library; usher uses its protocol types and
// its event loop, and not its element helpers, whose waits outlive their context.
package browser

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/cdp"

	"github.com/usherhq/usher/flows"
)

// Config says which browser is used, and how. The zero value finds one on this machine.
type Config struct {
	// Bin is the path of a Chromium or chromium-headless-shell; empty: looked for.
	Bin string
	// Remote is the address of a browser's DevTools (ws:// on loopback, else wss:// only). Such a
	// browser must have been started with --enable-blink-features=ComputedAccessibilityInfo.
	Remote string
	// NoSandbox turns the browser's own sandbox off. Only where it cannot run at all (as root in a
	// container); never the default.
	NoSandbox bool
	// Headed shows the window.
	Headed bool
	// Download allows rod's own pinned browser to be fetched where none is found.
	Download bool
	// Dir is where profile folders are made; empty: the system's place for temporary files.
	Dir string
}

// A Browser is one warm browser, started when it is first needed and again after it has died.
type Browser struct {
	cfg    Config
	script string        // eyes.js; a test puts in one that lacks a check
	step   time.Duration // how long a press, a field or a table is tried

	mu   sync.Mutex
	live *process
	done bool
}

// process is a running browser, ours or a remote one.
type process struct {
	rod    *rod.Browser
	ctx    context.Context //nolint:containedctx // ends with the browser; its cause says why
	cancel context.CancelCauseFunc
	stop   func() // ends the browser and waits for it
}

var errClosed = errors.New("the browser was closed")

// New returns a browser that is not started yet.
func New(cfg Config) *Browser { return &Browser{cfg: cfg, script: eyes, step: stepBound} }

// Close stops the browser, waits for its end and removes its profile. It may be called twice.
func (b *Browser) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.done = true
	if b.live != nil {
		b.live.cancel(errClosed)
		b.live.stop()
		b.live = nil
	}
	return nil
}

// running returns the live browser; one that has died is replaced.
func (b *Browser) running(ctx context.Context) (*process, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.done {
		return nil, flows.Errorf(flows.Internal, "start the browser", "it was closed")
	}
	if b.live != nil && b.live.ctx.Err() == nil {
		return b.live, nil
	}
	if b.live != nil {
		b.live.stop()
		b.live = nil
	}
	p, err := b.start(ctx)
	if err != nil {
		return nil, err
	}
	b.live = p
	return p, nil
}

func (b *Browser) start(ctx context.Context) (*process, error) {
	const op = "start the browser"
	link, stop, ended, err := b.connect(ctx)
	if err != nil {
		return nil, err
	}
	p := &process{stop: stop}
	p.ctx, p.cancel = context.WithCancelCause(context.Background())
	client := cdp.New().Start(watched{link, func(err error) {
		p.cancel(flows.Errorf(flows.Unavailable, "drive the browser", "the browser has died: %w", err))
	}})
	p.rod = rod.New().Client(client).NoDefaultDevice().Context(p.ctx)
	if ended != nil {
		go func() {
			<-ended
			p.cancel(flows.Errorf(flows.Unavailable, "drive the browser", "the browser has died"))
		}()
	}
	up := make(chan error, 1)
	go func() { up <- p.rod.Connect() }()
	timer := time.NewTimer(30 * time.Second)
	defer timer.Stop()
	select {
	case err = <-up:
	case <-timer.C:
		err = errors.New("it did not answer in 30 seconds")
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if err != nil {
		if p.ctx.Err() != nil {
			err = context.Cause(p.ctx) // it died: that says more than the call that broke of it
		}
		p.cancel(err)
		stop()
		code := flows.Unavailable
		if sandboxed := os.Geteuid() == 0 && !b.cfg.NoSandbox && b.cfg.Remote == ""; sandboxed {
			code = flows.Invalid // it will not start tomorrow either
		}
		return nil, flows.Errorf(code, op, "%s", messageOf(err)).WithHint("%s", startHint(b.cfg))
	}
	return p, nil
}

// messageOf is an error's own words, without the code of another step.
func messageOf(err error) string {
	var e *flows.Error
	if errors.As(err, &e) {
		return e.Msg
	}
	return err.Error()
}

func startHint(cfg Config) string {
	if os.Geteuid() == 0 && !cfg.NoSandbox && cfg.Remote == "" {
		return "Chromium's sandbox does not run as root: run usher as another user (better), or set `browser: {sandbox: off}`"
	}
	return "run the browser by hand once to see what it says; on Debian: apt-get install chromium-headless-shell"
}

// watched tells when the link to the browser ends.
type watched struct {
	cdp.WebSocketable
	lost func(error)
}

func (w watched) Read() ([]byte, error) {
	b, err := w.WebSocketable.Read()
	if err != nil {
		w.lost(err)
	}
	return b, err
}

func (w watched) Send(b []byte) error {
	err := w.WebSocketable.Send(b)
	if err != nil {
		w.lost(err)
	}
	return err
}

// pipe speaks the DevTools protocol over a pair of pipes: one JSON text after another, each
// ended by a zero byte.
type pipe struct {
	mu sync.Mutex
	w  io.Writer
	r  *bufio.Reader
}

func (p *pipe) Send(msg []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]byte, 0, len(msg)+1)
	out = append(append(out, msg...), 0)
	if _, err := p.w.Write(out); err != nil {
		return fmt.Errorf("write to the browser: %w", err)
	}
	return nil
}

func (p *pipe) Read() ([]byte, error) {
	msg, err := p.r.ReadBytes(0)
	if err != nil {
		return nil, fmt.Errorf("read from the browser: %w", err)
	}
	return msg[:len(msg)-1], nil
}
