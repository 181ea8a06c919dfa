package oauth_test

import (
	"context"
	"fmt"
	"log"
	"net/http/httptest"

	"example.com/docusign-monitor/gen/oauth"
)

// The generated client exchanges an assertion that is signed already; package api signs it, and keeps the token.
func ExampleNewClientWithResponses() {
	server := httptest.NewServer(oauth.Handler(oauth.NewStrictHandler(refusing{}, nil)))
	defer server.Close()

	client, err := oauth.NewClientWithResponses(server.URL)
	if err != nil {
		log.Fatal(err)
	}
	answer, err := client.CreateTokenWithFormdataBodyWithResponse(context.Background(), oauth.TokenRequest{
		GrantType: oauth.JWTBearer,
		Assertion: "header.claims.signature",
	})
	if err != nil {
		log.Fatal(err)
	}
	switch {
	case answer.JSON200 != nil:
		fmt.Println("a token for", answer.JSON200.ExpiresIn, "seconds")
	case answer.JSON400 != nil:
		fmt.Println("refused:", answer.JSON400.Error)
	default:
		fmt.Println("failed:", answer.Status())
	}
	// Output: refused: consent_required
}

// refusing is an account server whose user has not consented.
type refusing struct{ echo }

func (refusing) CreateToken(context.Context, oauth.CreateTokenRequestObject) (oauth.CreateTokenResponseObject, error) {
	return oauth.CreateToken400JSONResponse{Body: oauth.OAuthError{Error: "consent_required"}}, nil
}
