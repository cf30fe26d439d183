package console

import (
	"context"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/flows/internal/browser"
	"github.com/usherhq/usher/secrets"
)

// signInBound is how long a console may take from a press to its answer.
const signInBound = 30 * time.Second

// period is the time step of the codes, in seconds, which all authenticator apps share.
const period = 30

// signIn takes up the kept session or signs in. It is one question with named answers.
func (c *Console) signIn(ctx context.Context) error {
	w := c.Tab.SigningIn(ctx)
	w.Enter("home")
	answer := w.Which(signInBound, "shell.home", "signin.user")
	if w.Err() != nil {
		return w.Err()
	}
	if answer != "shell.home" {
		if err := c.passwords(ctx, w); err != nil {
			return err
		}
	}
	w.At("home")
	c.inTenant(w)
	c.isMe(w)
	if w.Err() != nil {
		return w.Err()
	}
	return c.Tab.Keep(ctx)
}

// passwords signs in with the password and, where it is asked for, a one-time code. A refused
// password is never tried a second time.
func (c *Console) passwords(ctx context.Context, w *browser.Walk) error {
	if err := c.Tab.Forget(ctx); err != nil {
		return err
	}
	w.Go("signin")
	mark := w.Mark()
	answer := w.Submit("signin.submit", []browser.Field{
		{Name: "signin.user", Text: c.me()},
		{Name: "signin.password", Secret: c.Env.Secrets["password"]},
	}, signInBound, "shell.home", "code.input", "signin.refused", "signin.locked")
	if w.Err() != nil {
		return w.Err()
	}
	switch answer {
	case "shell.home":
		return nil
	case "code.input":
		return c.code(ctx, w)
	case "signin.refused", "signin.locked":
		said := w.Peek(answer)
		return flows.Errorf(flows.LoginRefused, "sign in", "the console refused the sign-in of %s: %s", flows.Clean(c.me()), said).
			WithHint("check the password with `usher secrets set`; then run `usher unlock %s`", c.Env.Connection.Name)
	}
	// In words that the sheet does not know it may still be a refusal: then the password is not typed
	// again by the next run.
	if refused, _ := w.Writes(mark); refused != "" || w.Shows("signin.password") {
		return w.Fail(flows.Errorf(flows.LoginRefused, "sign in", "the console did not let %s in, and says why in words that the sheet does not know (%s)", flows.Clean(c.me()), orNothing(refused)).
			WithHint("look at the picture with `usher runs show`; then run `usher unlock %s`", c.Env.Connection.Name)).Err()
	}
	return w.Fail(flows.Errorf(flows.Drift, "sign in", "after the password the console shows nothing that the sheet knows").
		WithHint("run `usher check %s` and look at the picture", c.Env.Connection.Name)).Err()
}

// code answers the console's question for a one-time code. A refused one is tried once more, in
// the next time step.
func (c *Console) code(ctx context.Context, w *browser.Walk) error {
	secret := c.Env.Secrets["totp"]
	if secret.Empty() {
		return flows.Errorf(flows.Challenge, "sign in", "the console asks for a code and the connection has no totp secret").
			WithHint("add the secret: `usher secrets set`, and name it as totp of connection %s", c.Env.Connection.Name)
	}
	for range 2 {
		code, err := c.freshCode(ctx, secret)
		if err != nil {
			return err
		}
		c.Tab.Guard(code)
		answer := w.Submit("code.submit", []browser.Field{{Name: "code.input", Secret: code}}, signInBound, "shell.home", "code.refused", "signin.locked")
		switch {
		case w.Err() != nil:
			return w.Err()
		case answer == "shell.home":
			return nil
		case answer == "signin.locked":
			return flows.Errorf(flows.LoginRefused, "sign in", "the account %s is locked: %s", flows.Clean(c.me()), w.Peek(answer)).
				WithHint("unlock it in the console, then run `usher unlock %s`", c.Env.Connection.Name)
		case answer == "":
			return w.Fail(flows.Errorf(flows.Drift, "sign in", "after the code the console shows nothing that the sheet knows").
				WithHint("run `usher check %s` and look at the picture", c.Env.Connection.Name)).Err()
		}
	}
	return flows.Errorf(flows.LoginRefused, "sign in", "the console refused the code twice").
		WithHint("check this machine's clock and the totp secret, then run `usher unlock %s`", c.Env.Connection.Name)
}

// freshCode makes a code of a time step that this account has not used before, waiting for the
// next step where it has.
func (c *Console) freshCode(ctx context.Context, secret secrets.Value) (secrets.Value, error) {
	for {
		now := c.Env.Now()
		step := now.Unix() / period
		if c.Env.Codes != nil {
			fresh, err := c.Env.Codes.UseCode(ctx, c.Env.Connection.Name+"/"+c.me(), step)
			if err != nil {
				return secrets.Value{}, flows.Errorf(flows.Internal, "sign in", "remember the code's time step: %w", err)
			}
			if !fresh {
				if err := c.waitUntil(ctx, time.Unix((step+1)*period, 0)); err != nil {
					return secrets.Value{}, err
				}
				continue
			}
		}
		code, err := totp.GenerateCodeCustom(secret.Reveal(), now, totp.ValidateOpts{Period: period, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err != nil {
			return secrets.Value{}, flows.Errorf(flows.Invalid, "sign in", "the totp secret of connection %s is no base32 secret", c.Env.Connection.Name).
				WithHint("set the secret that the console shows beside its QR code")
		}
		return secrets.New(code), nil
	}
}

// waitUntil waits for a moment by the flow's own clock.
func (c *Console) waitUntil(ctx context.Context, at time.Time) error {
	if c.Env.Progress != nil {
		c.Env.Progress(flows.Progress{Doing: "waiting for the next one-time code"})
	}
	timer := time.NewTimer(at.Sub(c.Env.Now()) + 50*time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return flows.Errorf(flows.Unavailable, "sign in", "%w", context.Cause(ctx))
	}
}
