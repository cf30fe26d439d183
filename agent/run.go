package agent

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/secrets"
	"github.com/usherhq/usher/selectors"
)

// A run is one attempt at an order, by one goroutine; the recorder alone may be called from others.
type run struct {
	a     *Agent
	order Order
	conn  flows.Connection
	app   flows.App
	way   flows.Way

	lease   *lease
	values  map[string]secrets.Value
	mask    *secrets.Mask
	digest  string // of the secrets
	own     string // the address usher signs in with
	sheets  *selectors.Set
	plan    *Plan
	pressed *Press  // the press this run began
	presses []Press // those of earlier runs, for the same verb and subject
	moving  moving
	// elements are what was announced, in order: what opens the confirmation, and the confirmation.
	elements []string
	final    bool // the press that makes the change was announced
	settles  []settled
	res      Result

	guardName string // of the guard that said no
	sheetless bool   // the console has no sheet that a check could look for

	mu  sync.Mutex // guards row's Steps and Evidence
	row Run
}

// settled is what a run found out about a press; it is written with the run's end.
type settled struct {
	press string
	state PressState
	note  string
}

// errDone ends an attempt whose answer is in the result already.
var errDone = errors.New("nothing more to do")

// body signs in and does what the order asks for.
func (r *run) body(ctx context.Context) (err error) {
	defer func() {
		// A flow's programming error ends this run, not the others that go on beside it.
		if p := recover(); p != nil {
			zerolog.Ctx(ctx).Error().Str(logRun, r.row.ID).Str("stack", r.clean(string(debug.Stack()))).Msg("flow panicked")
			err = flows.Errorf(flows.Internal, string(r.order.Verb), "the flow panicked: %v", p)
			if r.pressed != nil {
				err = r.notSeen(err)
			}
		}
	}()
	if err := r.takeSecrets(ctx); err != nil {
		return err
	}
	if err := r.checkBreaker(ctx); err != nil {
		return err
	}
	if r.order.Verb.Writes() {
		if err := r.guard(ctx, r.a.opt.Store, nil); err != nil {
			return err
		}
	}
	if r.way.Name == flows.ViaBrowser {
		if r.sheets, err = r.a.opt.Sheets(r.app.Name); err != nil {
			return err
		}
	}
	work := r.work()
	err = r.attempts(ctx, work)
	if err != nil && r.pressed != nil {
		err = r.lookAfter(ctx, err)
	}
	switch {
	case errors.Is(err, errDone):
		return nil
	case err != nil && ctx.Err() != nil && r.pressed == nil:
		return stopped(ctx)
	}
	return err
}

// work is what an attempt does in the open console.
func (r *run) work() func(context.Context, flows.Console) error {
	switch r.order.Verb {
	case List:
		return r.list
	case Check:
		return r.check
	case Groups:
		return r.listGroups
	case Invite, Deactivate, Reactivate, Update, GroupCreate, GroupRename, GroupMembers:
		return r.write
	}
	return func(context.Context, flows.Console) error {
		return flows.Errorf(flows.Internal, "run", "no way to do %s", r.order.Verb)
	}
}

// takeSecrets resolves what the way needs, and learns what must not be written down.
func (r *run) takeSecrets(ctx context.Context) error {
	r.values, r.mask = map[string]secrets.Value{}, secrets.NewMask()
	for _, s := range r.way.Secrets {
		ref := r.conn.Secrets[s.Name]
		if ref == "" {
			if s.Optional {
				continue
			}
			return flows.Errorf(flows.Invalid, "read the secrets", "%s has no secret %q (%s)", r.conn.Name, s.Name, s.Title).
				WithHint("run `usher connect %s`, or name it under secrets in the configuration", r.app.Name)
		}
		v, err := r.a.opt.Secrets(ctx, ref)
		if err == nil && v.Empty() {
			err = errors.New("it is empty")
		}
		if err != nil {
			return flows.Errorf(flows.Invalid, "read the secrets", "%s: secret %q: %w", r.conn.Name, s.Name, err).
				WithHint("run `usher secrets check`")
		}
		r.values[s.Name] = v
		if !s.Public {
			r.mask.Add(v)
		}
	}
	r.own = r.values["user"].Reveal()
	r.digest = r.a.digestOf(r.values)
	return nil
}

// attempts opens the console and does the work, again where the table of codes allows it: never
// after a press, for a write is not repeated.
func (r *run) attempts(ctx context.Context, work func(context.Context, flows.Console) error) error {
	once := map[flows.Code]bool{}
	pauses := r.a.opt.Backoff
	for {
		err := r.attempt(ctx, work)
		if err == nil || errors.Is(err, errDone) || r.pressed != nil {
			return err
		}
		if ctx.Err() != nil {
			return stopped(ctx)
		}
		code := flows.CodeOf(err)
		switch flows.Table[code].Retry {
		case flows.RetryOnce:
			if once[code] {
				return err
			}
			once[code] = true
		case flows.RetryBackoff:
			after := afterOf(err)
			if len(pauses) == 0 || after > longestPause {
				return err
			}
			pause := max(pauses[0], after)
			pauses = pauses[1:]
			if err := r.pause(ctx, pause); err != nil {
				return err
			}
		default:
			return err
		}
		zerolog.Ctx(ctx).Warn().Str(logRun, r.row.ID).Str("code", string(code)).Msg("trying again")
		if err := r.Record(ctx, flows.Step{Name: "try again", Note: err.Error()}); err != nil {
			return err
		}
	}
}

// longestPause is how long a run waits for a console that names its time; a longer one ends the run,
// and the error says after when to come back.
const longestPause = 2 * time.Minute

func afterOf(err error) time.Duration {
	if e, ok := errors.AsType[*flows.Error](err); ok {
		return e.After
	}
	return 0
}

func (r *run) pause(ctx context.Context, d time.Duration) error {
	r.a.progress(r.conn.Name, flows.Progress{Doing: fmt.Sprintf("waiting %s before asking again", d.Round(time.Second))})
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return stopped(ctx)
	}
}

// stopped is the error of a run whose context has ended before any press.
func stopped(ctx context.Context) error {
	const op = "run"
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errLeaseLost):
		return flows.Errorf(flows.Unavailable, op, "%w", cause).WithHint("see `usher runs list` for who works the connection, then order again")
	case errors.Is(cause, context.DeadlineExceeded):
		return flows.Errorf(flows.Unavailable, op, "it took longer than a run may take: %w", cause).WithHint("order again when the console is quicker")
	default:
		return flows.Errorf(flows.Unavailable, op, "stopped before the end; nothing was pressed: %w", cause).WithHint("order again")
	}
}

// attempt opens the console once and does the work in it.
func (r *run) attempt(ctx context.Context, work func(context.Context, flows.Console) error) (err error) {
	defer func() {
		if refusedSignIn(err) {
			err = r.keepRefusal(ctx, err)
		}
	}()
	con, err := r.signIn(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := con.Close(); cerr != nil {
			zerolog.Ctx(ctx).Warn().Str(logRun, r.row.ID).Str("cause", r.clean(cerr.Error())).Msg("console not closed")
		}
	}()
	return work(ctx, con)
}

// refusedSignIn says whether the console refused who we are, also where that came in the middle of
// the work (a token taken back, a second sign-in) and the error above it is another.
func refusedSignIn(err error) bool {
	for err != nil {
		e, ok := errors.AsType[*flows.Error](err)
		if !ok {
			return false
		}
		if e.Code == flows.LoginRefused {
			return true
		}
		err = e.Err
	}
	return false
}

// keepRefusal opens the breaker, which is written before anything else can try again.
func (r *run) keepRefusal(ctx context.Context, cause error) error {
	keep, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	if err := r.openBreaker(keep, cause); err != nil {
		return fmt.Errorf("keep the refused sign-in (%s): %w", messageOf(cause), err)
	}
	return cause
}

// signIn opens the console.
func (r *run) signIn(ctx context.Context) (flows.Console, error) {
	accepted, err := r.a.opt.Store.Acceptances(ctx, r.conn.Name)
	if err != nil {
		return nil, fmt.Errorf("read what was accepted: %w", err)
	}
	con, err := r.way.Open(ctx, flows.Env{
		Connection: r.conn,
		Secrets:    r.values,
		Sheets:     r.sheets,
		Record:     r,
		Pressing:   r.pressing,
		Codes:      ledger{r.a},
		Sessions:   keeper{r.a, r.conn.Name},
		Accepted: func(_, name, digest string) bool { // the digest says all: versions share what they describe alike
			return slices.ContainsFunc(accepted, func(a Acceptance) bool {
				return a.Name == name && a.Digest == digest
			})
		},
		Progress: func(p flows.Progress) { r.a.progress(r.conn.Name, p) },
		Now:      r.a.opt.Now,
	})
	if err == nil && con == nil {
		err = flows.Errorf(flows.Internal, "sign in", "%s opened no console", r.app.Name)
	}
	return con, err
}

func (a *Agent) progress(connection string, p flows.Progress) {
	if a.opt.Progress != nil {
		a.opt.Progress(connection, p)
	}
}

// now is the time as it is kept: UTC, whole milliseconds.
func (a *Agent) now() time.Time { return a.opt.Now().UTC().Truncate(time.Millisecond) }
