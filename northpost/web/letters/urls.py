from __future__ import annotations

from django.urls import path

from northpost.web.letters import editor, media, shelf

urlpatterns = [
    path("templates/", shelf.templates, name="templates"),
    path("templates/new/", shelf.template_create, name="template_create"),
    path("templates/library/<slug:kind>/", shelf.library_picture, name="library_picture"),
    path("templates/<int:pk>/", editor.template, name="template"),
    path("templates/<int:pk>/picture/", shelf.picture, name="template_picture"),
    path("templates/<int:pk>/preview/", editor.preview, name="template_preview"),
    path("templates/<int:pk>/check/", editor.check, name="template_check"),
    path("templates/<int:pk>/rename/", shelf.rename, name="template_rename"),
    path("templates/<int:pk>/copy/", shelf.copy, name="template_copy"),
    path("templates/<int:pk>/archive/", shelf.archive, name="template_archive"),
    path("templates/<int:pk>/restore/", shelf.restore, name="template_restore"),
    path("media/", media.media, name="media"),
    path("media/<int:pk>/delete/", media.delete, name="media_delete"),
]
