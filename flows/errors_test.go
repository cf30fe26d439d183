package flows

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"
)

// The table as the design states it. Where it says "n/a" or "default", nothing is tried again.
func TestTheTableOfCodesIsAsDesigned(t *testing.T) {
	t.Parallel()
	rows := []struct {
		code       Code
		retry      Retry
		alert      string
		exit, http int
	}{
		{"login_refused", RetryNever, "page", 10, 502},
		{"challenge", RetryNever, "page", 11, 502},
		{"session_lost", RetryOnce, "", 12, 503},
		{"drift", RetryNever, "yes", 13, 502},
		{"unavailable", RetryBackoff, "after", 14, 503},
		{"wrong_tenant", RetryNever, "page", 15, 502},
		{"not_found", RetryNever, "", 20, 404},
		{"ambiguous", RetryNever, "yes", 21, 409},
		{"refused", RetryNever, "yes", 22, 403},
		{"waiting", RetryNever, "yes", 23, 202},
		{"unverified", RetryNever, "page", 24, 502},
		{"unsupported", RetryNever, "", 25, 400},
		{"incomplete", RetryOnce, "yes", 26, 502},
		{"invalid", RetryNever, "", 2, 400},
		{"internal", RetryNever, "yes", 1, 500},
	}
	if len(rows) != len(Table) {
		t.Errorf("the table has %d rows, designed are %d", len(Table), len(rows))
	}
	for _, want := range rows {
		got, ok := Table[want.code]
		if !ok {
			t.Errorf("%s is not in the table", want.code)
			continue
		}
		if got.Retry != want.retry || got.Alert != want.alert || got.Exit != want.exit || got.HTTP != want.http || got.Meaning == "" {
			t.Errorf("%s: got %+v, want %+v", want.code, got, want)
		}
	}
}

func TestEveryCodeIsInTheTableAndEveryExitIsOfOneCode(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "errors.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	codes := 0
	ast.Inspect(file, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if typ, ok := v.Type.(*ast.Ident); !ok || typ.Name != "Code" {
			return true
		}
		for _, e := range v.Values {
			l, ok := e.(*ast.BasicLit)
			if !ok {
				t.Errorf("%s is no literal", v.Names[0].Name)
				continue
			}
			s, err := strconv.Unquote(l.Value)
			if err != nil {
				t.Fatal(err)
			}
			codes++
			if _, ok := Table[Code(s)]; !ok {
				t.Errorf("%s is not in the table", s)
			}
		}
		return true
	})
	if codes != len(Table) {
		t.Errorf("%d codes are declared, %d are in the table", codes, len(Table))
	}
	exits := map[int]Code{0: "no error"}
	for code, c := range Table {
		if other, taken := exits[c.Exit]; taken {
			t.Errorf("exit %d is of %s and of %s", c.Exit, code, other)
		}
		exits[c.Exit] = code
	}
}

func TestACodeIsFoundThroughEveryWrapping(t *testing.T) {
	t.Parallel()
	inner := Errorf(Drift, "click", "no button").WithHint("run `usher check %s`", "toy")
	plain := errors.New("disk on fire")
	for _, c := range []struct {
		name string
		err  error
		code Code
		hint string
		exit int
	}{
		{"nil", nil, "", "", 0},
		{"plain", plain, Internal, "", 1},
		{"cancelled", context.Canceled, Internal, "", 1},
		{"itself", inner, Drift, "run `usher check toy`", 13},
		{"wrapped", fmt.Errorf("step 3: %w", fmt.Errorf("page 2: %w", inner)), Drift, "run `usher check toy`", 13},
		{"joined", errors.Join(plain, inner), Drift, "run `usher check toy`", 13},
		{"the outermost counts", Errorf(Unverified, "invite", "look again: %w", inner).WithHint("look"), Unverified, "look", 24},
		{"a code from nowhere is no success", &Error{Code: "new_code", Msg: "?"}, Internal, "", 1},
		{"no code is no success", &Error{Msg: "?"}, Internal, "", 1},
	} {
		if CodeOf(c.err) != c.code || HintOf(c.err) != c.hint || Exit(c.err) != c.exit {
			t.Errorf("%s: %q, %q, %d", c.name, CodeOf(c.err), HintOf(c.err), Exit(c.err))
		}
	}
}

func TestAnErrorKeepsWhatItWraps(t *testing.T) {
	t.Parallel()
	a, b := errors.New("a"), errors.New("b")
	one := Errorf(Unavailable, "open", "no answer: %w", a)
	if !errors.Is(one, a) || errors.Is(one, b) || one.Error() != "unavailable: open: no answer: a" {
		t.Errorf("one: %v", one)
	}
	// Two causes once made both of them be forgotten.
	two := Errorf(Unavailable, "open", "%w, then %w", a, b)
	if !errors.Is(two, a) || !errors.Is(two, b) || two.Error() != "unavailable: open: a, then b" {
		t.Errorf("two: %v", two)
	}
	if none := Errorf(Invalid, "", "%d", 7); none.Err != nil || none.Error() != "invalid: 7" {
		t.Errorf("none: %v", none)
	}
}

func TestTheWorstErrorEndsACommand(t *testing.T) {
	t.Parallel()
	of := func(c Code) error { return fmt.Errorf("on a connection: %w", Errorf(c, "", "x")) }
	for _, c := range []struct {
		errs []error
		want Code
	}{
		{nil, ""},
		{[]error{nil, nil}, ""},
		{[]error{nil, of(Waiting), nil}, Waiting},
		{[]error{of(NotFound), of(Unavailable)}, Unavailable},
		{[]error{of(Unverified), errors.New("plain")}, Unverified},
		{[]error{errors.New("plain"), of(WrongTenant)}, Internal},
		{[]error{of(Waiting), of(NotFound), of(Refused)}, Refused},
		{[]error{of(Incomplete), of(SessionLost)}, SessionLost},
	} {
		if got := CodeOf(Worst(c.errs...)); got != c.want {
			t.Errorf("%v end with %q, want %q", c.errs, got, c.want)
		}
	}
	first, second := Errorf(Drift, "", "first"), Errorf(Drift, "", "second")
	if got := Worst(first, second); !errors.Is(got, first) {
		t.Errorf("of two alike it is %v", got)
	}
	for code := range Table {
		if code != Unverified && Table[code].Worse >= Table[Unverified].Worse {
			t.Errorf("%s hides what was pressed and not seen", code)
		}
	}
}

func TestWhatWasSeenToBeWrongStaysSoHoweverItIsWrapped(t *testing.T) {
	t.Parallel()
	seen := Errorf(Unverified, "look", "it is otherwise").AsSeen()
	unseen := Errorf(Unverified, "look", "no reply")
	for _, k := range []struct {
		name string
		err  error
		want bool
	}{
		{"nil", nil, false},
		{"another error", errors.New("x"), false},
		{"nobody looked", unseen, false},
		{"it itself", seen, true},
		{"wrapped in another of ours", Errorf(Unverified, "climb", "so: %w", seen), true},
		{"wrapped by fmt", fmt.Errorf("x: %w", Errorf(Incomplete, "y", "z: %w", seen)), true},
		{"one of several", errors.Join(unseen, fmt.Errorf("a: %w", seen)), true},
		{"none of several", errors.Join(unseen, errors.New("x")), false},
		{"one of several in ours", Errorf(Unverified, "x", "%w and %w", unseen, seen), true},
	} {
		if got := SeenWrong(k.err); got != k.want {
			t.Errorf("%s: %v", k.name, got)
		}
	}
	if CodeOf(seen) != Unverified || seen.Error() != "unverified: look: it is otherwise" {
		t.Errorf("the mark changes what the error says: %v", seen)
	}
}
