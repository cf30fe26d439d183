package browser

import (
	"context"

	"github.com/go-rod/rod/lib/proto"

	"github.com/usherhq/usher/flows"
)

// picture returns a PNG of what is visible, with every field that holds a secret blotted out; or
// why there is none. A page that shows a secret in its text gives no picture.
func (t *Tab) picture(ctx context.Context) (png []byte, why string) {
	if t.page == nil || t.ctx.Err() != nil {
		return nil, "the page is gone"
	}
	texts := []string{}
	for _, v := range t.secrets {
		if s := v.Reveal(); s != "" && s != t.env.Secrets["user"].Reveal() {
			texts = append(texts, s)
		}
	}
	if err := t.call(ctx, &why, "mask", texts); err != nil {
		return nil, flows.Clean(err.Error())
	}
	if why != "" {
		return nil, why
	}
	ctx, cancel := t.bind(ctx, callBound)
	defer cancel()
	shot, err := proto.PageCaptureScreenshot{Format: proto.PageCaptureScreenshotFormatPng, OptimizeForSpeed: true}.Call(t.page.Context(ctx))
	if e := t.call(ctx, nil, "unmask"); err == nil && e != nil {
		err = e
	}
	if err != nil {
		return nil, flows.Clean(err.Error())
	}
	return shot.Data, ""
}

// Picture keeps a picture of the page as a step of its own.
func (w *Walk) Picture(name string) *Walk {
	if w.err != nil {
		return w
	}
	png, why := w.t.picture(w.ctx)
	if why != "" {
		why = "no picture: " + why
	}
	w.record(flows.Step{At: w.t.env.Now(), Name: name, Note: why, Picture: png})
	return w
}
