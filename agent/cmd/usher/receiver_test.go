package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// receiver FILE starts a receiver of alerts, which writes what it gets to the file, a line each, and
// sets RECEIVER to its address. What comes to a path with "down" in it is refused.
func receiver(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: receiver FILE")
	}
	s := httptest.NewServer(into(ts.MkAbs(args[0])))
	ts.Defer(s.Close)
	ts.Setenv("RECEIVER", s.URL)
}

// into writes what it gets to the file, and answers as Slack does.
func into(file string) http.HandlerFunc {
	var mu sync.Mutex
	return func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "down") {
			http.Error(w, "down: "+r.URL.Path, http.StatusServiceUnavailable)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = appendLine(file, r.URL.Path+" "+strings.ReplaceAll(string(body), "\n", " | "))
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_, _ = io.WriteString(w, "ok") // who is gone gets no answer
	}
}

func appendLine(file, line string) (err error) {
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := f.Close(); err == nil {
			err = cerr
		}
	}()
	_, err = f.WriteString(line + "\n")
	return err
}

// standin HOST FILE stands in for a host on the internet: commands of the script reach it by a proxy,
// over TLS, with a certificate that only they trust. It writes what it gets to the file.
func standin(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: standin HOST FILE")
	}
	host, file := args[0], ts.MkAbs(args[1])
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{host}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	ts.Check(err)
	trust := ts.MkAbs("trust.pem")
	ts.Check(os.WriteFile(trust, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	site := httptest.NewUnstartedServer(into(file))
	site.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	site.StartTLS()
	ts.Defer(site.Close)
	proxy := httptest.NewServer(tunnel(host+":443", site.Listener.Addr().String()))
	ts.Defer(proxy.Close)
	ts.Setenv("HTTPS_PROXY", proxy.URL)
	ts.Setenv("SSL_CERT_FILE", trust)
}

// tunnel is a proxy that knows one host, and leads to another address instead.
func tunnel(host, address string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect || r.Host != host {
			http.Error(w, "only "+host, http.StatusForbidden)
			return
		}
		there, err := new(net.Dialer).DialContext(r.Context(), "tcp", address)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer func() { _ = there.Close() }() // it is closed already where the other end closed it
		w.WriteHeader(http.StatusOK)
		here, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer func() { _ = here.Close() }() // likewise
		var both sync.WaitGroup
		for _, way := range [][2]net.Conn{{here, there}, {there, here}} {
			both.Go(func() {
				_, _ = io.Copy(way[0], way[1]) // an end that is gone ends it
				_ = way[0].Close()             // and the other way with it
			})
		}
		both.Wait()
	}
}
