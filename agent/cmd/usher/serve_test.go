package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"
)

// A service manager may stop serve while it still starts: that once came out as a failure (130).
func TestServeThatIsStoppedWhileItStartsEndsCleanly(t *testing.T) {
	dir := t.TempDir()
	config := filepath.Join(dir, configName)
	t.Setenv("XDG_CONFIG_HOME", dir)
	if code := newCLI(os.Stdin, os.Stdout, os.Stderr).run(t.Context(), []string{"--quiet", "init", "--config", config}); code != 0 {
		t.Fatalf("init ended with %d", code)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	c := newCLI(os.Stdin, os.Stdout, os.Stderr)
	if code := c.run(ctx, []string{"serve", "--config", config}); code != 0 {
		t.Errorf("serve ended with %d", code)
	}
}
