package agent

import (
	"context"

	"github.com/rs/zerolog"

	"github.com/usherhq/usher/flows"
)

// A Notification tells whoever runs this process that something needs a person. An [Alert] tells
// the person.
type Notification struct {
	Connection string     `json:"connection"`
	Order      string     `json:"order"`
	Run        string     `json:"run"`
	Verb       Verb       `json:"verb"`
	Subject    string     `json:"subject,omitempty"`
	Code       flows.Code `json:"code"`
	// Page is true where somebody should be woken.
	Page bool   `json:"page"`
	Text string `json:"text"`
	Hint string `json:"hint,omitempty"`
}

// A Notice carries notifications out. It must come back soon: the order waits for it.
type Notice interface {
	Notify(ctx context.Context, n Notification) error
}

// unavailableAfter is how many runs in a row a console may be unavailable before somebody is told.
const unavailableAfter = 3

// notify tells a person where the table of codes says so. A notice that does not get out is
// logged, and changes nothing about the order.
func (a *Agent) notify(ctx context.Context, r Result) {
	alert := flows.Table[r.Code].Alert
	if r.Code == "" || alert == "" || a.opt.Notice == nil {
		return
	}
	log := zerolog.Ctx(ctx)
	if alert == "after" {
		n, err := failures(ctx, a.opt.Store, r.Connection, r.Code)
		if err != nil {
			log.Error().Err(err).Str(logConnection, r.Connection).Msg("count of failures not read")
		} else if n < unavailableAfter {
			return
		}
	}
	err := a.opt.Notice.Notify(ctx, Notification{
		Connection: r.Connection, Order: r.Order, Run: r.Run, Verb: r.Verb, Subject: r.Subject,
		Code: r.Code, Page: alert == "page", Text: r.Message, Hint: r.Hint,
	})
	if err != nil {
		log.Error().Err(err).Str(logConnection, r.Connection).Msg("notice not sent")
	}
}

// failures counts the latest runs in a row that ended with the code.
func failures(ctx context.Context, read Reader, connection string, code flows.Code) (int, error) {
	runs, err := read.Runs(ctx, RunFilter{Connection: connection, Limit: unavailableAfter})
	if err != nil {
		return 0, err
	}
	n := 0
	for _, r := range runs {
		if r.Code != code {
			break
		}
		n++
	}
	return n, nil
}
