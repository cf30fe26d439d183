//go:build linux

package browser

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/usherhq/usher/flows"
)

// remote starts a browser that listens on loopback and returns its address.
func remote(t *testing.T, flags ...string) (address string, cmd *exec.Cmd) {
	t.Helper()
	bin, err := config(t).Find()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	args := append([]string{"--headless", "--no-first-run", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-port=0", "--user-data-dir=" + dir}, flags...)
	if os.Geteuid() == 0 {
		args = append(args, "--no-sandbox")
	}
	cmd = exec.CommandContext(t.Context(), bin, append(args, "about:blank")...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		killGroup(cmd.Process.Pid)
		if err := cmd.Wait(); err == nil {
			t.Error("the remote browser had ended by itself")
		}
		removeAll(dir)
	})
	var port, path string
	until(t, 20*time.Second, "the browser listens", func() bool {
		b, err := os.ReadFile(filepath.Join(dir, "DevToolsActivePort"))
		if err != nil {
			return false
		}
		var two bool
		port, path, two = strings.Cut(strings.TrimSpace(string(b)), "\n")
		return two
	})
	return "ws://127.0.0.1:" + port + path, cmd
}

func TestARemoteBrowserOnLoopbackIsUsedAndOutlivesUs(t *testing.T) {
	t.Parallel()
	address, cmd := remote(t, "--enable-blink-features=ComputedAccessibilityInfo")
	b := New(Config{Remote: address})
	s := newSite(t, map[string]string{"/": `<button id=act>Deactivate</button>`})
	tab := open(t, b, environment(s, sheets(t, plain, ""), &notes{}))
	w := tab.Walk(t.Context(), "try").Go("home")
	pressAct(w)
	if w.Err() != nil || len(s.said("click act")) != 1 {
		t.Errorf("it was not pressed once: %q (%v)", s.said(), w.Err())
	}
	tab.Close()
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if born(cmd.Process.Pid) == "" || !strings.Contains(processes(t)[cmd.Process.Pid], "remote-debugging-port") {
		t.Error("somebody else's browser was ended")
	}
}

func TestARemoteBrowserThatTellsNoNamesIsRefusedWithTheFlag(t *testing.T) {
	t.Parallel()
	address, _ := remote(t)
	b := New(Config{Remote: address})
	_, err := b.Open(t.Context(), environment(newSite(t, nil), sheets(t, "", ""), &notes{}))
	if flows.CodeOf(err) != flows.Invalid || !strings.Contains(flows.HintOf(err), "--enable-blink-features=ComputedAccessibilityInfo") {
		t.Errorf("it says %v (%s)", err, flows.HintOf(err))
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestARemoteAddressThatOthersCouldReadIsRefused(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"ws://192.0.2.7:9222/devtools/browser/1", "ws://browser.example.com/devtools/browser/1", "ws://127.example.com/devtools/browser/1",
		"ws://localhost.example.com:9222/", "http://127.0.0.1:9222", "127.0.0.1:9222", "ws:///devtools", "nonsense",
	} {
		_, err := New(Config{Remote: address}).running(t.Context())
		if flows.CodeOf(err) != flows.Invalid || flows.HintOf(err) == "" {
			t.Errorf("%s: it says %v (%s)", address, err, flows.HintOf(err))
		}
	}
}

func TestAConsoleIsOpenedByHTTPSOrOnLoopbackOnly(t *testing.T) {
	t.Parallel()
	for address, ok := range map[string]bool{
		"https://console.example.com": true, "http://127.0.0.1:8080": true, "http://[::1]:8080": true, "http://localhost": true,
		"http://console.example.com": false, "http://127.example.com": false, "http://localhost.example.com": false,
		"http://192.0.2.7": false, "ftp://127.0.0.1": false, "console.example.com": false, "": false, "javascript:alert(1)": false,
	} {
		_, err := allowed(flows.Connection{Name: "test", URL: address})
		if (err == nil) != ok || (!ok && flows.CodeOf(err) != flows.Invalid) {
			t.Errorf("%q: it says %v", address, err)
		}
	}
}
