package alert_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/usherhq/usher/agent"
	"github.com/usherhq/usher/agent/internal/alert"
	"github.com/usherhq/usher/secrets"
)

func setupSecrets(context.Context, string) (secrets.Value, error) {
	return secrets.Value{}, errors.New("none")
}

func TestAWebhookGetsItsShapeAndASignature(t *testing.T) {
	t.Parallel()
	hook := listen(t, nil)
	const key = "the key of the webhook"
	r := to("hook", alert.Webhook, "where")
	r.Secret = "key"
	b := setup(t, map[string]string{"where": hook.URL + "/in?x=1", "key": key}, r)
	a := b.fire(t)
	b.flush(t)
	d := b.wants(t, "hook", agent.DeliverySent)[0]
	req, body := hook.got[0], hook.bodies[0]
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(req.Header.Get(alert.HeaderTimestamp) + "." + body))
	if got, want := req.Header.Get(alert.HeaderSignature), "sha256="+hex.EncodeToString(mac.Sum(nil)); got != want {
		t.Errorf("the signature is %q, want %q", got, want)
	}
	if req.Header.Get(alert.HeaderDelivery) != d.ID || req.URL.String() != "/in?x=1" || req.Method != http.MethodPost {
		t.Errorf("the request is %s %s, delivery %q", req.Method, req.URL, req.Header.Get(alert.HeaderDelivery))
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"version", "kind", "severity", "text", "alert"} {
		if got[field] == nil {
			t.Errorf("the payload has no %s: %s", field, body)
		}
	}
	var p alert.Payload
	if err := json.Unmarshal([]byte(body), &p); err != nil || p.Alert != a || p.Severity != "critical" {
		t.Errorf("the payload is %+v, %v", p, err)
	}
	if want := "usher: urgent: acme: deactivate ana@example.com: acted, and not seen to have worked\n" +
		"pressed at 10:00:00 UTC, and Ána's row <b>stands</b>\nnext: look at the account\nusher runs show 01RUN"; p.Text != want {
		t.Errorf("the text is\n%s\nwant\n%s", p.Text, want)
	}
}

func TestAWebhookFollowsNoRedirect(t *testing.T) {
	t.Parallel()
	other := listen(t, nil)
	hook := listen(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
	})
	b := setup(t, nil, to("hook", alert.Webhook, hook.URL))
	b.fire(t)
	b.flush(t)
	if d := b.wants(t, "hook", agent.DeliveryPending)[0]; !strings.Contains(d.Error, "redirects are not followed") {
		t.Errorf("the delivery is %+v", d)
	}
	if n := len(other.all()); n != 0 {
		t.Errorf("%d requests came to where the redirect leads", n)
	}
}

func TestShoutrrrsGenericGetsTheTextWithoutMarkup(t *testing.T) {
	t.Parallel()
	chat := listen(t, nil)
	b := setup(t, map[string]string{"chat": "generic+" + chat.URL + "/room?template=json"}, to("chat", alert.Shoutrrr, "chat"))
	a := b.fire(t, func(a *agent.Alert) {
		a.Text, a.Count = "<!channel> @everyone [click](https://evil.example)\x1b[31m", 3
	})
	b.resolve(t, a)
	b.flush(t)
	b.wants(t, "chat", agent.DeliverySent, agent.DeliverySent)
	var fire, resolved struct{ Title, Message string }
	for i, into := range []any{&fire, &resolved} {
		if err := json.Unmarshal([]byte(chat.all()[i]), into); err != nil {
			t.Fatal(err)
		}
	}
	contains(t, "the title", fire.Title, "usher: urgent: acme: deactivate ana@example.com")
	contains(t, "the text", fire.Message, "‹!channel› @ everyone [click] (https", "3 times since ", "next: look at the account", "usher runs show 01RUN")
	contains(t, "the text", resolved.Message, "usher: resolved: acme: deactivate", "by: 01SEEN")
	if strings.ContainsAny(fire.Message, "\x1b<>") {
		t.Errorf("the text is %q", fire.Message)
	}
}

// postOffice is an SMTP server. It keeps the mails it takes.
type postOffice struct {
	mu     sync.Mutex
	mails  []string
	to     []string
	refuse error
}

func (p *postOffice) NewSession(*smtp.Conn) (smtp.Session, error) { return &letter{p: p}, nil }

type letter struct {
	p  *postOffice
	to []string
}

func (l *letter) Reset()        { l.to = nil }
func (l *letter) Logout() error { return nil }

func (l *letter) Mail(string, *smtp.MailOptions) error {
	l.p.mu.Lock()
	defer l.p.mu.Unlock()
	return l.p.refuse
}

func (l *letter) Rcpt(to string, _ *smtp.RcptOptions) error {
	l.to = append(l.to, to)
	return nil
}

func (l *letter) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	l.p.mu.Lock()
	defer l.p.mu.Unlock()
	l.p.mails, l.p.to = append(l.p.mails, string(b)), append(l.p.to, l.to...)
	return err
}

func TestAnEMailArrivesAtARealServer(t *testing.T) {
	t.Parallel()
	office := &postOffice{refuse: &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "come back later"}}
	server := smtp.NewServer(office)
	server.Domain = "localhost"
	socket, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(socket) }()
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		if err := <-ended; err != nil && !errors.Is(err, smtp.ErrServerClosed) {
			t.Error(err)
		}
	})
	const people = "/?from=usher@example.com&to=ops@example.com,it@example.com"
	_, port, err := net.SplitHostPort(socket.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	b := setup(t, map[string]string{"mail": "smtp://" + socket.Addr().String() + people, "open": "smtp://0.0.0.0:" + port + people},
		to("mail", alert.Shoutrrr, "mail"), to("open", alert.Shoutrrr, "open"))
	b.fire(t, func(a *agent.Alert) { a.Title, a.Text = "ácme: drift\r\nBcc: evil@example.com", "one\r\n.\r\nQUIT" })
	b.flush(t)
	if d := b.wants(t, "mail", agent.DeliveryPending)[0]; !strings.Contains(d.Error, "come back later") {
		t.Errorf("the delivery is %+v", d)
	}
	office.mu.Lock()
	office.refuse = nil
	office.mu.Unlock()
	b.clock.add(10 * time.Second)
	b.flush(t)
	b.wants(t, "mail", agent.DeliverySent)
	// This server has no encryption, and its address is not loopback's.
	if d := b.wants(t, "open", agent.DeliveryPending)[0]; d.Tries != 2 || !strings.Contains(d.Error, "StartTLS") {
		t.Errorf("the delivery in the open is %+v", d)
	}
	office.mu.Lock()
	defer office.mu.Unlock()
	if len(office.mails) != 2 || strings.Join(office.to, " ") != "ops@example.com it@example.com" {
		t.Fatalf("%d mails came to %q", len(office.mails), office.to)
	}
	m, err := mail.ReadMessage(strings.NewReader(office.mails[0]))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || subject != "usher: urgent: ácme: drift Bcc: evil@example.com" || m.Header.Get("Bcc") != "" {
		t.Errorf("the subject is %q, %v; the header %v", subject, err, m.Header)
	}
	body, err := io.ReadAll(m.Body)
	if err != nil {
		t.Fatal(err)
	}
	contains(t, "the mail", string(body), "one . QUIT", "next: look at the account", "usher runs show 01RUN")
}

func TestMailThatLeavesTheMachineIsEncryptedUnlessItsAddressSaysOtherwise(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"smtp://mail.example.com/?from=a@example.com&to=b@example.com":                "yes",
		"smtp://127.0.0.1:25/?from=a@example.com&to=b@example.com":                    "",
		"smtp://mail.example.com/?from=a@example.com&to=b@example.com&starttls=no":    "",
		"smtp://mail.example.com:465/?from=a@e.com&to=b@e.com&encryption=ImplicitTLS": "",
	} {
		p, err := alert.Parameters(address)
		if err != nil || p["requirestarttls"] != want {
			t.Errorf("%s: %q, %v", address, p["requirestarttls"], err)
		}
	}
	for _, nobody := range []string{"logger://", "nosuch://a/b", "", "no address"} {
		if _, err := alert.Parameters(nobody); err == nil {
			t.Errorf("%q is taken for a receiver", nobody)
		}
	}
}

func TestAnAddressThatALibraryMadeOfATokenIsNotShown(t *testing.T) {
	t.Parallel()
	const hook = "slack://hook:WNA3PBYV6-F20DUQND3RQ-Webc4MAvoacrpPakR8phF0zi@webhook"
	for _, c := range []struct{ address, text, want string }{
		{hook, `Post "https://hooks.slack.com/services/WNA3PBYV6/F20DUQND3RQ/Webc4MAvoacrpPakR8phF0zi": dial tcp: no route to host`,
			`Post "[address]": dial tcp: no route to host`},
		{hook, "token WNA3PBYV6 of F20DUQND3RQ: invalid_auth", "token [secret] of [secret]: invalid_auth"},
		{"telegram://123456:ABC-DEF1234@telegram?chats=@room", "bot123456:ABC-DEF1234/sendMessage to @room", "bot[secret]:[secret]/sendMessage to [secret]"},
		{"smtp://kim:p4ss%2Fword@mail.example.com/?from=a@example.com", "auth of kim with p4ss/word from a@example.com at mail.example.com failed",
			"auth of kim with [secret] from a@example.com at mail.example.com failed"},
		{"gotify://gotify.example.com/AzyoeNS.D4iJLVa/", "dial gotify.example.com: AzyoeNS.D4iJLVa", "dial gotify.example.com: [secret].[secret]"},
	} {
		if got := alert.Scrub(c.address, c.text); got != c.want {
			t.Errorf("%s: %q became\n%q, want\n%q", c.address, c.text, got, c.want)
		}
	}
}
