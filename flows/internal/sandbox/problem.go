package sandbox

import (
	"net/http"
	"time"
)

// A problem is an error as the API answers it.
type problem struct {
	status  int
	Code    string `json:"code"`
	Message string `json:"message"`
	// retryAfter is in seconds, for 429; by is the same as a time.
	retryAfter int
	by         time.Time
	scimType   string // of a service's error
}

var (
	authFailed    = &problem{status: http.StatusUnauthorized, Code: "refused", Message: "Authentication Failed"}
	accountLocked = &problem{
		status: http.StatusLocked, Code: "locked",
		Message: "Your account has been locked after too many failed attempts. Try again later.",
	}
	codeRefused = &problem{status: http.StatusUnauthorized, Code: "code_refused", Message: "Invalid verification code"}
	signInStale = &problem{status: http.StatusUnauthorized, Code: "stale", Message: "Your sign-in has expired. Start again."}
	wantsPerson = &problem{status: http.StatusForbidden, Code: "challenge", Message: "Verify you are human"}
	signedOut   = &problem{status: http.StatusUnauthorized, Code: "signed_out", Message: "You have been signed out"}
	badToken    = &problem{status: http.StatusForbidden, Code: "csrf", Message: "This request has no valid token"}
	noSuchUser  = &problem{status: http.StatusNotFound, Code: "not_found", Message: "This user does not exist"}
	ownAccount  = &problem{status: http.StatusForbidden, Code: "forbidden", Message: "You cannot do this to your own account"}
	addressUsed = &problem{
		status: http.StatusConflict, Code: "exists", Message: "A user with this email address already exists",
	}
	isGoneAlready = &problem{status: http.StatusConflict, Code: "state", Message: "This user is deactivated"}
	tooMany       = &problem{status: http.StatusTooManyRequests, Code: "rate_limit", Message: "Too many requests"}
	wentWrong     = &problem{status: http.StatusInternalServerError, Code: "internal", Message: "Something went wrong"}
)

func invalid(message string) *problem {
	return &problem{status: http.StatusUnprocessableEntity, Code: "invalid", Message: message}
}
