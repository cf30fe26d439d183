package agent_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
)

// fullDisk is a store that writes nothing any more once full is set.
type fullDisk struct {
	agent.Store
	full atomic.Bool
}

var errFull = errors.New("the disk is full")

func (f *fullDisk) Write(ctx context.Context, do func(context.Context, agent.Tx) error) error {
	return f.Store.Write(ctx, func(ctx context.Context, tx agent.Tx) error {
		if err := do(ctx, tx); err != nil {
			return err
		}
		if f.full.Load() {
			return errFull
		}
		return nil
	})
}

func TestWhatCannotBeWrittenDownIsNotPressed(t *testing.T) {
	t.Parallel()
	disk := &fullDisk{}
	h := setup(t, func(o *agent.Options) { disk.Store = o.Store; o.Store = disk })
	h.site.onPress = func() error { disk.full.Store(true); return nil }
	res, err := h.Do(quiet(t), deactivate("ana@example.com"))
	if flows.CodeOf(err) != flows.Internal || res.Outcome != "" || !strings.Contains(err.Error(), "full") {
		t.Errorf("it ended with %q %q, %v", res.Outcome, res.Code, err)
	}
	h.wrote(t)
}

func TestADeactivationThatCannotBeRecordedIsUnverifiedAndThenFound(t *testing.T) {
	t.Parallel()
	disk := &fullDisk{}
	h := setup(t, func(o *agent.Options) { disk.Store = o.Store; o.Store = disk })
	h.site.afterPress = func() error { disk.full.Store(true); return nil }
	res, err := h.Do(quiet(t), deactivate("ana@example.com"))
	if flows.CodeOf(err) != flows.Unverified || res.Outcome != "" || res.Code != flows.Unverified {
		t.Errorf("it ended with %q %q, %v", res.Outcome, res.Code, err)
	}
	disk.full.Store(false)
	h.site.afterPress = nil
	h.wants(t, deactivate("ana@example.com"), flows.Done, "", "deactivate ana@example.com")
	h.journal(t, deactivate("ana@example.com"), agent.PressVerified)
}

func TestAnAccountOfAnotherAddressIsNeverTouched(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.site.mistake = "bo@example.com"
	h.wants(t, deactivate("ana@example.com"), "", flows.Internal)
}
