package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/secrets"
)

// maxAnswer bounds what is read as one answer.
const maxAnswer = 64 << 10

// A prompter asks a person; without a terminal it reads one answer per line from standard input.
type prompter struct {
	c    *cli
	read *bufio.Reader
}

func (c *cli) prompter() *prompter { return &prompter{c: c, read: bufio.NewReader(c.in)} }

// await returns what read reads, or the end of ctx: an interrupt at a question is an answer too. The
// read itself cannot be called back; it ends with the process, which has nothing left to do.
func await[T any](ctx context.Context, read func() (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	done := make(chan answer, 1)
	go func() {
		v, err := read()
		done <- answer{v, err}
	}()
	select {
	case a := <-done:
		return a.value, a.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// ask asks a question whose answer may be shown.
func (p *prompter) ask(ctx context.Context, question string) (string, error) {
	if err := p.put(question + ": "); err != nil {
		return "", err
	}
	s, err := await(ctx, p.readLine)
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(s), nil
}

// secret asks for what is not shown while it is typed.
func (p *prompter) secret(ctx context.Context, question string) (secrets.Value, error) {
	if err := p.put(question + " (not shown): "); err != nil {
		return secrets.Value{}, err
	}
	f, ok := p.c.in.(*os.File)
	if !ok || !p.c.inTerminal {
		s, err := await(ctx, p.readLine)
		return secrets.New(s), err
	}
	fd := int(f.Fd())
	shown, err := term.GetState(fd)
	if err != nil {
		return secrets.Value{}, failed("ask", err)
	}
	b, err := await(ctx, func() ([]byte, error) { return term.ReadPassword(fd) })
	if ctx.Err() != nil {
		// The read goes on, and would leave the terminal without its echo.
		err = errors.Join(err, term.Restore(fd, shown))
	}
	if perr := p.put("\n"); perr != nil && err == nil {
		err = perr
	}
	return secrets.NewBytes(b), failed("read the answer", err)
}

// yes asks for a yes; anything else is a no.
func (p *prompter) yes(ctx context.Context, question string) (bool, error) {
	s, err := p.ask(ctx, question+" [y/N]")
	if err != nil {
		return false, err
	}
	s = strings.ToLower(s)
	return s == "y" || s == "yes", nil
}

func (p *prompter) put(s string) error {
	if !p.c.inTerminal {
		return nil
	}
	if _, err := fmt.Fprint(p.c.err, s); err != nil {
		return failed("ask", err)
	}
	return failed("ask", p.c.flush())
}

func (p *prompter) readLine() (string, error) {
	var b strings.Builder
	for b.Len() < maxAnswer {
		r, _, err := p.read.ReadRune()
		switch {
		case errors.Is(err, io.EOF) && b.Len() > 0:
			return strings.TrimSuffix(b.String(), "\r"), nil
		case errors.Is(err, io.EOF):
			return "", flows.Errorf(flows.Invalid, "", "the input ended before the question was answered").
				WithHint("run it on a terminal, or give the answers as flags")
		case err != nil:
			return "", failed("read the answer", err)
		case r == '\n':
			return strings.TrimSuffix(b.String(), "\r"), nil
		}
		b.WriteRune(r)
	}
	return "", usage("an answer has at most %d characters", maxAnswer)
}

// confirm asks whether to go on, unless yes was given; without a terminal it refuses.
func (c *cli) confirm(ctx context.Context, yes bool, question string) error {
	if yes {
		return nil
	}
	if err := c.mayAsk(yes); err != nil {
		return err
	}
	ok, err := c.prompter().yes(ctx, question)
	if err != nil {
		return err
	}
	if !ok {
		return usage("not confirmed: nothing was changed")
	}
	return nil
}

// mayAsk refuses early what could not be confirmed later.
func (c *cli) mayAsk(yes bool) error {
	if yes || c.inTerminal && c.format == formatTable {
		return nil
	}
	return usage("this changes accounts, and there is no terminal to ask on").WithHint("add --yes")
}
