//! The page: three files without a build step, in the binary. Nothing is fetched from elsewhere.

use actix_web::{HttpResponse, web};

/// Path, type and text of each file.
const FILES: [(&str, &str, &str); 4] = [
    ("/", "text/html; charset=utf-8", include_str!("page/index.html")),
    ("/app.css", "text/css; charset=utf-8", include_str!("page/app.css")),
    ("/app.js", "text/javascript; charset=utf-8", include_str!("page/app.js")),
    ("/icon.svg", "image/svg+xml", include_str!("page/icon.svg")),
];

/// The routes.
pub(super) fn configure(app: &mut web::ServiceConfig) {
    for (path, content_type, text) in FILES {
        let file = move || async move { HttpResponse::Ok().content_type(content_type).body(text) };
        app.service(web::resource(path).route(web::get().to(file)));
    }
}
