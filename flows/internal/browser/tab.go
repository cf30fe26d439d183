package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/proto"
	"github.com/ysmood/gson"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/secrets"
	"github.com/usherhq/usher/selectors"
)

// The bounds of waiting. A step is one thing a person would do; a page is a whole load.
const (
	stepBound = 15 * time.Second
	pageBound = 45 * time.Second
	callBound = 20 * time.Second
)

// A Tab is one isolated place in the browser: its own cookies, its own storage, one page. It is
// used by one goroutine at a time.
type Tab struct {
	env   flows.Env
	sheet *selectors.Sheet
	// origins are where a secret may be typed.
	origins []string

	home *rod.Browser // the isolated context
	page *rod.Page
	ctx  context.Context //nolint:containedctx // ends with the browser, the renderer or Close
	end  context.CancelCauseFunc
	wg   sync.WaitGroup
	net  *traffic
	step time.Duration // how long a press, a field or a table is tried

	mu     sync.Mutex
	world  proto.RuntimeExecutionContextID
	native string // text of a native dialog that came up and was dismissed

	kept stored // what was restored: storage of other origins is carried on
	// restoring is the script that restores it in each new document.
	restoring proto.PageScriptIdentifier

	secrets []secrets.Value
	notes   []string // soft drift seen on the way
}

// errMoved means that the page went elsewhere while it was asked.
var errMoved = errors.New("the page is loading")

// Open makes a tab for the connection, with its kept session where there is one.
func (b *Browser) Open(ctx context.Context, env flows.Env) (*Tab, error) {
	const op = "open a tab"
	origins, err := allowed(env.Connection)
	if err != nil {
		return nil, err
	}
	p, err := b.running(ctx)
	if err != nil {
		return nil, err
	}
	t := &Tab{env: env, sheet: env.Sheets.Newest(), origins: origins, net: newTraffic(), step: b.step}
	t.ctx, t.end = context.WithCancelCause(p.ctx)
	for _, v := range env.Secrets {
		t.secrets = append(t.secrets, v)
	}
	if err := t.start(ctx, p, b.script); err != nil {
		t.Close()
		if e, ok := errors.AsType[*flows.Error](err); ok && e.Code == flows.Invalid {
			return nil, e // no second try helps
		}
		return nil, flows.Errorf(flows.Unavailable, op, "%w", t.cause(err)).WithHint("try again; if it stays so, start with --log-level debug")
	}
	return t, nil
}

// allowed returns the origins of a connection, which must be https or loopback.
func allowed(c flows.Connection) ([]string, error) {
	var out []string
	for _, raw := range []string{c.URL, c.SignIn} {
		if raw == "" {
			continue
		}
		u, err := url.Parse(raw)
		if err != nil || u.Host == "" || (u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname()))) {
			return nil, flows.Errorf(flows.Invalid, "open a tab", "%q is no https address", flows.Clean(raw)).
				WithHint("connections are https; only stand-ins on loopback may be http")
		}
		out = append(out, u.Scheme+"://"+u.Host)
	}
	if len(out) == 0 {
		return nil, flows.Errorf(flows.Invalid, "open a tab", "connection %s has no url", c.Name)
	}
	return out, nil
}

func (t *Tab) start(ctx context.Context, p *process, script string) error {
	ctx, cancel := t.bind(ctx, pageBound)
	defer cancel()
	home, err := proto.TargetCreateBrowserContext{DisposeOnDetach: true}.Call(p.rod.Context(ctx))
	if err != nil {
		return fmt.Errorf("make an isolated context: %w", err)
	}
	b := *p.rod
	b.BrowserContextID = home.BrowserContextID
	t.home = &b
	page, err := b.Context(ctx).Page(proto.TargetCreateTarget{})
	if err != nil {
		return fmt.Errorf("open a page: %w", err)
	}
	t.page = page.Context(t.ctx)
	t.watch(p)
	for _, step := range []func(*rod.Page) error{
		func(p *rod.Page) error {
			return proto.EmulationSetDeviceMetricsOverride{Width: 1440, Height: 960, DeviceScaleFactor: 1}.Call(p)
		},
		func(p *rod.Page) error {
			return proto.NetworkEnable{MaxTotalBufferSize: ptr(64 << 20), MaxResourceBufferSize: ptr(16 << 20)}.Call(p)
		},
		// Every tab counts as the one in front: a page in the background is drawn and timed sparingly,
		// and lists that grow when their end comes into view do not grow.
		func(p *rod.Page) error { return proto.EmulationSetFocusEmulationEnabled{Enabled: true}.Call(p) },
		func(p *rod.Page) error { return proto.NetworkSetBlockedURLs{Urls: blocked}.Call(p) },
		func(p *rod.Page) error {
			_, err := proto.PageAddScriptToEvaluateOnNewDocument{Source: script, WorldName: worldName}.Call(p)
			return err
		},
		able,
	} {
		if err := step(page.Context(ctx)); err != nil {
			return fmt.Errorf("prepare the page: %w", err)
		}
	}
	return t.restore(ctx)
}

// able makes sure, in the empty page that the browser itself has put there, that eyes.js will get
// the names and roles it asks for: without them every console would look like drift.
func able(p *rod.Page) error {
	const ask = "'computedName' in Element.prototype && 'computedRole' in Element.prototype"
	res, err := proto.RuntimeEvaluate{Expression: ask, ReturnByValue: true}.Call(p)
	if err != nil {
		return err
	}
	if !res.Result.Value.Bool() {
		return flows.Errorf(flows.Invalid, "open a tab", "the browser does not tell the accessible names of elements").
			WithHint("start it with --enable-blink-features=ComputedAccessibilityInfo")
	}
	return nil
}

// watch follows what happens to the page until the tab is closed.
func (t *Tab) watch(p *process) {
	target := t.page.TargetID
	whole := p.rod.Context(t.ctx).EachEvent(func(e *proto.TargetTargetCrashed) {
		if e.TargetID == target {
			t.end(flows.Errorf(flows.Unavailable, "drive the page", "the page's process has died (%s)", flows.Clean(e.Status)))
		}
	})
	own := t.page.EachEvent(
		func(e *proto.PageJavascriptDialogOpening) {
			t.mu.Lock()
			t.native = flows.Clean(string(e.Type) + ": " + e.Message)
			t.mu.Unlock()
			// Dismissed at once: an open native dialog stops every other call. Not to be waited
			// for in the event loop.
			t.wg.Go(func() {
				ctx, cancel := t.bind(t.ctx, callBound)
				defer cancel()
				if err := (proto.PageHandleJavaScriptDialog{Accept: false}).Call(t.page.Context(ctx)); err != nil {
					t.note("a native dialog could not be dismissed: " + err.Error())
				}
			})
		},
		t.net.request, t.net.response, t.net.finished(t), t.net.failed,
	)
	t.wg.Go(whole)
	t.wg.Go(own)
}

// Close ends the tab; its context goes with it. Close may be called twice.
func (t *Tab) Close() {
	if t.home != nil && t.ctx.Err() == nil {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		// A browser that has died takes the context along.
		_ = proto.TargetDisposeBrowserContext{BrowserContextID: t.home.BrowserContextID}.Call(t.home.Context(ctx))
		cancel()
	}
	t.end(errClosed)
	t.wg.Wait()
}

// bind returns a context that ends with the caller's, with the tab, or at the bound.
func (t *Tab) bind(ctx context.Context, bound time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(ctx, bound)
	stop := context.AfterFunc(t.ctx, cancel)
	return ctx, func() { stop(); cancel() }
}

// cause says why a call failed: the browser's end rather than the broken call.
func (t *Tab) cause(err error) error {
	if err == nil {
		return nil
	}
	if t.ctx.Err() != nil {
		if c := context.Cause(t.ctx); c != nil && !errors.Is(c, errClosed) {
			return c
		}
	}
	return err
}

const worldName = "usher"

// call runs a function of eyes.js in the page and decodes what it returns. errMoved means that
// the page went elsewhere meanwhile; asking again is safe for what only looks.
func (t *Tab) call(ctx context.Context, out any, fn string, args ...any) error {
	ctx, cancel := t.bind(ctx, callBound)
	defer cancel()
	return t.run(ctx, out, fn, args...)
}

func (t *Tab) run(ctx context.Context, out any, fn string, args ...any) error {
	world, err := t.inWorld(ctx)
	if err != nil {
		return t.moved(ctx, err)
	}
	req := proto.RuntimeCallFunctionOn{
		FunctionDeclaration: "function(...a) { return window.__usher." + fn + "(...a) }",
		ExecutionContextID:  world, ReturnByValue: true, AwaitPromise: true,
	}
	for _, a := range args {
		b, err := json.Marshal(a)
		if err != nil {
			return fmt.Errorf("pass an argument to the page: %w", err)
		}
		req.Arguments = append(req.Arguments, &proto.RuntimeCallArgument{Value: gson.New(b)})
	}
	res, err := req.Call(t.page.Context(ctx))
	if err != nil {
		return t.moved(ctx, err)
	}
	if res.ExceptionDetails != nil {
		text := res.ExceptionDetails.Text
		if ex := res.ExceptionDetails.Exception; ex != nil {
			text = ex.Description
		}
		if strings.Contains(text, "of undefined (reading '"+fn+"')") {
			return errMoved // the document is so new that the eyes are not in it yet
		}
		return flows.Errorf(flows.Internal, "look at the page", "%s: %s", fn, flows.Clean(text))
	}
	if out == nil || res.Result == nil {
		return nil
	}
	b, err := res.Result.Value.MarshalJSON()
	if err != nil {
		return fmt.Errorf("read the page's answer: %w", err)
	}
	if err := json.Unmarshal(b, out); err != nil {
		return flows.Errorf(flows.Internal, "look at the page", "%s answered what is not expected: %w", fn, err)
	}
	return nil
}

// inWorld returns the id of our isolated world in the present document.
func (t *Tab) inWorld(ctx context.Context) (proto.RuntimeExecutionContextID, error) {
	t.mu.Lock()
	world := t.world
	t.mu.Unlock()
	if world != 0 {
		return world, nil
	}
	r, err := proto.PageCreateIsolatedWorld{FrameID: t.page.FrameID, WorldName: worldName}.Call(t.page.Context(ctx))
	if err != nil {
		return 0, err
	}
	t.mu.Lock()
	t.world = r.ExecutionContextID
	t.mu.Unlock()
	return r.ExecutionContextID, nil
}

// moved tells a page that went elsewhere from a browser that is gone.
func (t *Tab) moved(ctx context.Context, err error) error {
	t.mu.Lock()
	t.world = 0
	t.mu.Unlock()
	if t.ctx.Err() != nil {
		return t.cause(err)
	}
	if ctx.Err() != nil {
		return fmt.Errorf("wait for the page: %w", ctx.Err())
	}
	s := err.Error()
	for _, sign := range []string{"context with specified id", "context was destroyed", "Inspected target navigated", "No frame", "frame for given id", "Frame with the given", "uniqueContextId"} {
		if strings.Contains(s, sign) {
			return errMoved
		}
	}
	return flows.Errorf(flows.Unavailable, "drive the page", "%w", err)
}

func (t *Tab) note(s string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, n := range t.notes {
		if n == s {
			return
		}
	}
	t.notes = append(t.notes, s)
}

// Notes returns what was seen on the way that stops nothing (soft drift).
func (t *Tab) Notes() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]string(nil), t.notes...)
}

// Dead returns why the tab can no longer be used; nil while it can.
func (t *Tab) Dead() error {
	if t.ctx.Err() == nil {
		return nil
	}
	return t.cause(t.ctx.Err())
}

// Pause waits before the next look.
func (t *Tab) Pause(ctx context.Context, d time.Duration) {
	ctx, cancel := t.bind(ctx, d+time.Second)
	defer cancel()
	pause(ctx, d)
}

// Sheet returns the version that describes the console now.
func (t *Tab) Sheet() *selectors.Sheet { return t.sheet }

// Guard adds a secret that no picture may show (a one-time code).
func (t *Tab) Guard(v secrets.Value) { t.secrets = append(t.secrets, v) }

func ptr[T any](v T) *T { return &v }
