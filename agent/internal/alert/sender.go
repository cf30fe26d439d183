package alert

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
)

// The keys of log fields.
const (
	logSink  = "sink"
	logAlert = "alert"
)

const (
	// giveUpAfter is how long a delivery is tried.
	giveUpAfter = 24 * time.Hour
	// settleWithin bounds what is written down of a send, also after its context has ended.
	settleWithin = 5 * time.Second
)

// pauses are those after the first tries; after all others it is the last one.
var pauses = []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute, time.Hour}

func pause(tries int) time.Duration { return pauses[min(max(tries, 1), len(pauses))-1] }

// Start sends what is due, now and from now on, until ctx ends or Stop is called. Each receiver has a
// goroutine of its own, so that none waits for another.
func (s *Sender) Start(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancel != nil {
		return
	}
	ctx, s.cancel = context.WithCancel(ctx)
	for _, k := range s.sinks {
		s.ended.Go(func() { s.serve(ctx, k) })
	}
}

// Stop ends what Start began, and waits for it. A send under way is broken off, and made again by
// the next Sender. Stop may be called twice.
func (s *Sender) Stop() {
	s.mu.Lock()
	if s.cancel != nil {
		s.cancel()
	}
	s.mu.Unlock()
	s.ended.Wait()
}

// Wake makes a started Sender look into the outbox at once.
func (s *Sender) Wake() {
	for _, k := range s.sinks {
		select {
		case k.wake <- struct{}{}:
		default: // it is awake
		}
	}
}

// serve sends for one receiver until ctx ends.
func (s *Sender) serve(ctx context.Context, k *sink) {
	poll, keep := time.NewTicker(s.opt.Poll), time.NewTicker(s.opt.Keep)
	defer poll.Stop()
	defer keep.Stop()
	log := zerolog.Ctx(ctx)
	round := func() {
		if err := s.round(ctx, k); err != nil && ctx.Err() == nil {
			log.Error().Err(err).Str(logSink, k.Name).Msg("outbox not read or written")
		}
	}
	remind := func() {
		if err := s.keep(ctx, k); err != nil && ctx.Err() == nil {
			log.Warn().Err(err).Str(logSink, k.Name).Msg("open alerts not told again")
		}
	}
	remind()
	round()
	for {
		select {
		case <-ctx.Done():
			return
		case <-k.wake:
		case <-poll.C:
		case <-keep.C:
			remind()
		}
		round()
	}
}

// Flush sends what is due and returns when all receivers had their turn, or ctx ends. What does not
// get through is logged and stays in the outbox; the error is one of the outbox itself.
func (s *Sender) Flush(ctx context.Context) error {
	errs := make([]error, len(s.sinks))
	var wg sync.WaitGroup
	for i, k := range s.sinks {
		wg.Go(func() { errs[i] = s.round(ctx, k) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// round sends what is due for one receiver. It ends with the first that fails: the next one would
// most likely fail as well, and has its turn in the next round.
func (s *Sender) round(ctx context.Context, k *sink) error {
	if !k.take(ctx) {
		return nil
	}
	defer k.leave()
	for ctx.Err() == nil {
		d, ok, err := s.claim(ctx, k)
		if err != nil || !ok {
			return err
		}
		sent, err := s.deliver(ctx, k, d)
		if err != nil || !sent {
			return err
		}
	}
	return nil
}

// take waits for the receiver's turn; false where ctx ended before.
func (k *sink) take(ctx context.Context) bool {
	select {
	case k.turn <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (k *sink) leave() { <-k.turn }

// claim takes the next delivery from the outbox. Whoever dies with it in hand loses it after a while.
func (s *Sender) claim(ctx context.Context, k *sink) (d agent.Delivery, ok bool, err error) {
	now := s.now()
	pending, err := s.opt.Outbox.Deliveries(ctx, agent.DeliveryFilter{Sink: k.Name, State: agent.DeliveryPending})
	if err != nil {
		return d, false, fmt.Errorf("read the outbox: %w", err)
	}
	// Most often there is none, and nobody is kept from writing.
	if !slices.ContainsFunc(pending, func(p agent.Delivery) bool { return !p.Next.After(now) }) {
		return d, false, nil
	}
	err = s.opt.Outbox.Write(ctx, func(ctx context.Context, tx agent.Tx) error {
		d, ok, err = tx.ClaimDelivery(ctx, k.Name, now, now.Add(s.opt.Timeout+settleWithin+time.Minute))
		return err
	})
	if err != nil {
		return d, false, fmt.Errorf("claim a delivery: %w", err)
	}
	return d, ok, nil
}

// deliver sends d, and writes down what came of it.
func (s *Sender) deliver(ctx context.Context, k *sink, d agent.Delivery) (sent bool, err error) {
	log := zerolog.Ctx(ctx).With().Str(logSink, k.Name).Str(logAlert, d.Alert).Int("try", d.Tries).Logger()
	al, ok, err := s.opt.Outbox.Alert(ctx, d.Alert)
	if err == nil && !ok {
		err = fmt.Errorf("there is no alert %s", d.Alert)
	}
	if err != nil {
		return false, err
	}
	now := s.now()
	fail := s.send(ctx, k, message{alert: al, kind: d.Kind, delivery: d.ID, now: now})
	switch {
	case fail == nil:
		d.State, d.Sent, d.Next, d.Error = agent.DeliverySent, s.now(), time.Time{}, ""
	case ctx.Err() != nil: // we broke it off, which is no fault of the receiver
		d.Next, d.Error = now.Add(pause(d.Tries)), "broken off"
	case !now.Before(d.Created.Add(giveUpAfter)):
		d.State, d.Next, d.Error = agent.DeliveryFailed, time.Time{}, flows.Clean(fail.Error())
	default:
		d.Next, d.Error = now.Add(pause(d.Tries)), flows.Clean(fail.Error())
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleWithin)
	defer cancel()
	err = s.opt.Outbox.Write(end, func(ctx context.Context, tx agent.Tx) error {
		_, err := tx.SettleDelivery(ctx, d)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("write down what came of a delivery: %w", err)
	}
	switch d.State {
	case agent.DeliverySent:
		log.Info().Str("kind", string(d.Kind)).Msg("alert delivered")
	case agent.DeliveryFailed:
		log.Error().Str("cause", d.Error).Str("text", al.Title).Msg("alert not delivered, and given up")
	default:
		log.Info().Str("cause", d.Error).Time("next", d.Next).Msg("alert not delivered yet")
	}
	return fail == nil, nil
}

// send gives the receiver its time and no more.
func (s *Sender) send(ctx context.Context, k *sink, m message) error {
	ctx, cancel := context.WithTimeout(ctx, s.opt.Timeout)
	defer cancel()
	return k.driver.send(ctx, m)
}

// keep tells a receiver that forgets what is open. What is open and was never put out for it, as it
// was not configured then, is put out now.
func (s *Sender) keep(ctx context.Context, k *sink) error {
	holds, ok := k.driver.(keeper)
	if !ok || !k.take(ctx) {
		return nil
	}
	defer k.leave()
	open, err := s.opt.Outbox.Alerts(ctx, agent.AlertFilter{State: agent.AlertOpen})
	if err != nil {
		return err
	}
	var told []agent.Alert
	for _, al := range open {
		known, err := s.opt.Outbox.Deliveries(ctx, agent.DeliveryFilter{Alert: al.ID, Sink: k.Name, Kind: agent.Fire})
		switch {
		case err != nil:
			return err
		case len(known) > 0 && known[0].State != agent.DeliveryPending:
			told = append(told, al)
		case len(known) == 0 && k.Wants(al):
			if err := s.adopt(ctx, k, al.ID); err != nil {
				return err
			}
		}
	}
	if len(told) == 0 {
		return nil
	}
	send, cancel := context.WithTimeout(ctx, s.opt.Timeout)
	defer cancel()
	if err := holds.keep(send, s.now(), told); err != nil {
		return err
	}
	return s.takeBack(ctx, k, told)
}

// adopt puts an alert out for a receiver that never heard of it, once.
func (s *Sender) adopt(ctx context.Context, k *sink, id string) error {
	return s.opt.Outbox.Write(ctx, func(ctx context.Context, tx agent.Tx) error {
		al, ok, err := tx.Alert(ctx, id)
		if err != nil || !ok || al.State != agent.AlertOpen {
			return err
		}
		known, err := tx.Deliveries(ctx, agent.DeliveryFilter{Alert: id, Sink: k.Name})
		if err != nil || len(known) > 0 {
			return err
		}
		return agent.PutOut(ctx, tx, id, k.Name, agent.Fire, s.now())
	})
}

// takeBack looks again at what was just told to be open. Another process may have resolved it
// meanwhile, and its word may have come before ours.
func (s *Sender) takeBack(ctx context.Context, k *sink, told []agent.Alert) error {
	open, err := s.opt.Outbox.Alerts(ctx, agent.AlertFilter{State: agent.AlertOpen})
	if err != nil {
		return err
	}
	for _, al := range told {
		if slices.ContainsFunc(open, func(o agent.Alert) bool { return o.Key == al.Key }) {
			continue
		}
		now, ok, err := s.opt.Outbox.Alert(ctx, al.ID)
		if err != nil || !ok {
			return err
		}
		if err := s.send(ctx, k, message{alert: now, kind: agent.Resolve, now: s.now()}); err != nil {
			return err
		}
	}
	return nil
}

// now is the time as it is kept: UTC, whole milliseconds.
func (s *Sender) now() time.Time { return s.opt.Now().UTC().Truncate(time.Millisecond) }

// A Trial is what came of a test through one receiver.
type Trial struct {
	Sink string
	Kind string
	Err  error
}

// Test sends a test through the named receivers, or all of them, at once and past the outbox.
func (s *Sender) Test(ctx context.Context, names ...string) []Trial {
	var chosen []*sink
	for _, k := range s.sinks {
		if len(names) == 0 || slices.Contains(names, k.Name) {
			chosen = append(chosen, k)
		}
	}
	trials := make([]Trial, len(chosen))
	now := s.now()
	var wg sync.WaitGroup
	for i, k := range chosen {
		wg.Go(func() {
			id := "test-" + now.Format("20060102T150405.000")
			err := s.send(ctx, k, message{now: now, kind: agent.Fire, delivery: id, test: true, alert: agent.Alert{
				ID: id, Key: "usher/test/" + id, Connection: "usher", Code: "test", Title: "a test of the receiver " + flows.Clean(k.Name),
				Text: "Nothing is wrong: somebody ran `usher alerts test`.", First: now, Last: now, Told: now, Count: 1, State: agent.AlertOpen,
			}})
			trials[i] = Trial{Sink: k.Name, Kind: k.Kind, Err: err}
		})
	}
	wg.Wait()
	return trials
}
