package store

import (
	"context"
	"time"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
)

type stepRow struct {
	Run      string `bun:"run"`
	Seq      int    `bun:"seq"`
	At       int64  `bun:"at"`
	Took     int64  `bun:"took"`
	Name     string `bun:"name"`
	Element  string `bun:"element"`
	Selector string `bun:"selector"`
	Note     string `bun:"note"`
	Failed   int    `bun:"failed"`
	Picture  string `bun:"picture"`
}

const stepColumns = `run, seq, at, took, name, element, selector, note, failed, picture`

// Steps returns the steps of a run in their order.
func (r rows) Steps(ctx context.Context, run string) ([]agent.StepRow, error) {
	found, err := scan[stepRow](ctx, r, `SELECT `+stepColumns+` FROM steps WHERE run = ? ORDER BY seq`, run)
	if err != nil {
		return nil, err
	}
	out := make([]agent.StepRow, 0, len(found))
	for _, s := range found {
		out = append(out, agent.StepRow{Run: s.Run, Seq: s.Seq, Picture: s.Picture, Step: flows.Step{
			At: at(s.At), Took: time.Duration(s.Took), Name: s.Name, Element: s.Element, Selector: s.Selector, Note: s.Note, Failed: s.Failed != 0,
		}})
	}
	return out, nil
}

// AddStep appends a step.
func (t *tx) AddStep(ctx context.Context, s agent.StepRow) error {
	_, err := t.exec(ctx, `INSERT INTO steps (`+stepColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		s.Run, s.Seq, ms(s.At), int64(s.Took), s.Name, s.Element, s.Selector, s.Note, flag(s.Failed), s.Picture)
	return err
}

type sealedRow struct {
	Sealed []byte `bun:"sealed"`
}

// Picture returns the sealed picture of that hash.
func (r rows) Picture(ctx context.Context, hash string) ([]byte, bool, error) {
	row, ok, err := one[sealedRow](ctx, r, `SELECT sealed FROM pictures WHERE hash = ?`, hash)
	return row.Sealed, ok, err
}

// AddPicture keeps a sealed picture; one that is there already stays.
func (t *tx) AddPicture(ctx context.Context, hash string, sealed []byte, when time.Time) error {
	_, err := t.exec(ctx, `INSERT INTO pictures (hash, sealed, at) VALUES (?, ?, ?) ON CONFLICT (hash) DO NOTHING`, hash, sealed, ms(when))
	return err
}
