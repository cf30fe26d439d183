package alert

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/flows"
)

// The headers of a webhook's request.
const (
	// HeaderDelivery names the delivery: the same name again is the same delivery, made twice.
	HeaderDelivery = "X-Usher-Delivery"
	// HeaderTimestamp is when it was sent, in seconds since 1970.
	HeaderTimestamp = "X-Usher-Timestamp"
	// HeaderSignature is "sha256=" and the HMAC-SHA256, in hex, of the timestamp, a full stop and the
	// body. It is there where the receiver has a secret.
	HeaderSignature = "X-Usher-Signature"
)

// A Payload is the body of a webhook's request. Its shape is stable: fields stay, new ones may come.
type Payload struct {
	Version  int                `json:"version"`
	Kind     agent.DeliveryKind `json:"kind"` // fire, resolve
	Severity string             `json:"severity"`
	Text     string             `json:"text"` // for people, of several lines
	Alert    agent.Alert        `json:"alert"`
}

type webhook struct {
	at     address
	secret string
	client *http.Client
}

// send posts the payload.
func (w *webhook) send(ctx context.Context, m message) error {
	raw, clean, err := w.at.resolve(ctx)
	if err != nil {
		return err
	}
	u, err := safeAddress(raw.Reveal())
	if err != nil {
		return flows.Errorf(flows.Invalid, opSend, "%w", err).WithHint("see to the receiver's url")
	}
	body, err := json.Marshal(Payload{Version: 1, Kind: m.kind, Severity: severity(m.alert), Text: text(m), Alert: m.alert})
	if err != nil {
		return err
	}
	signature := ""
	stamp := strconv.FormatInt(m.now.Unix(), 10)
	if w.secret != "" {
		key, err := w.at.secret(ctx, w.secret)
		if err != nil {
			return err
		}
		clean.also(key)
		mac := hmac.New(sha256.New, []byte(key.Reveal()))
		mac.Write([]byte(stamp + "."))
		mac.Write(body)
		signature = "sha256=" + hex.EncodeToString(mac.Sum(nil))
	}
	_, err = ask(ctx, w.client, http.MethodPost, u, body, func(r *http.Request) {
		r.Header.Set(HeaderDelivery, m.delivery)
		r.Header.Set(HeaderTimestamp, stamp)
		if signature != "" {
			r.Header.Set(HeaderSignature, signature)
		}
	}, clean)
	return err
}

// severity says how soon somebody should look.
func severity(a agent.Alert) string {
	if a.Page {
		return "critical"
	}
	return "warning"
}
