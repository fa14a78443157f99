// The content security policy allows no inline script, so this is a file.
window.ui = window.SwaggerUIBundle({ url: '/openapi.json', dom_id: '#page', deepLinking: true, validatorUrl: null, tryItOutEnabled: true });
